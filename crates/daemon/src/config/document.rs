//! Reads one document against its schema: every problem in one pass, every value with its line.

use super::budget::Dollars;
use super::interval::{Interval, Patience};
use super::key::KeyPath;
use super::layers::{Layers, Origin, Sourced};
use super::notify::QuietHours;
use super::problem::Problem;
use super::schema::{Kind, Shape};
use serde_json::{Map, Value};
use std::ops::Range;
use std::path::PathBuf;
use toml_edit::{Item, TableLike};

/// A TOML text and where it is from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The file as people are shown it.
    pub label: String,
    /// Its text.
    pub text: String,
}

/// Where the values being read come from.
enum Place<'a> {
    File(&'a Source),
    Fixed(&'a Origin),
}

impl Place<'_> {
    fn origin(&self, span: Option<Range<usize>>) -> Origin {
        match self {
            Self::Fixed(origin) => (*origin).clone(),
            Self::File(source) => {
                let line = span.map_or(0, |span| line_of(&source.text, span.start));
                Origin::File { path: source.path.clone(), label: source.label.clone(), line }
            }
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

struct Reader<'a> {
    place: Place<'a>,
    root: Shape<'a>,
    person: Option<Shape<'a>>,
    layers: &'a mut Layers,
    problems: &'a mut Vec<Problem>,
}

/// Reads a file's text into the layers. What is wrong is added to the problems and set nowhere. `person` is the
/// schema of the keys that exist, but not in this file.
pub(super) fn read(
    source: &Source,
    schema: &Value,
    person: Option<&Value>,
    layers: &mut Layers,
    problems: &mut Vec<Problem>,
) {
    let document = match toml_edit::Document::parse(source.text.as_str()) {
        Ok(document) => document,
        Err(error) => {
            let place = Place::File(source).origin(error.span().or(Some(0..0)));
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            problems.push(Problem {
                code: "configuration.syntax",
                message: format!("{place} is not valid TOML: {message}"),
                hint: None,
            });
            return;
        }
    };
    let root = Shape::root(schema);
    let mut reader =
        Reader { place: Place::File(source), root, person: person.map(Shape::root), layers, problems };
    reader.table(document.as_table(), root, &KeyPath::default());
}

/// Reads one value that does not come from a file: the bare text where the key wants text, else TOML.
pub(super) fn read_value(
    path: &KeyPath,
    text: &str,
    origin: &Origin,
    schema: &Value,
    layers: &mut Layers,
    problems: &mut Vec<Problem>,
) {
    let root = Shape::root(schema);
    let mut reader = Reader { place: Place::Fixed(origin), root, person: None, layers, problems };
    let mut shape = root;
    let mut above = KeyPath::default();
    for key in &path.0 {
        let below = above.child(key);
        match shape.child(key) {
            Some(child) => shape = child,
            None => return reader.unknown(&below, shape, None),
        }
        above = below;
    }
    match item_of(text, shape) {
        Some(item) => reader.item(&item, None, shape, path),
        None => {
            let found = format!("{text:?}");
            let problem = Problem::wrong_value(&path.to_string(), origin, &requirement(shape), &found);
            let example =
                matches!(shape.kind(), Kind::List).then_some("write a list as '[\"one\", \"two\"]'");
            reader.problems.push(match example {
                Some(example) => problem.hint(example),
                None => problem,
            });
        }
    }
}

/// A value as it is typed on a command line. `None`: it is not TOML.
pub(crate) fn item_of(text: &str, shape: Shape<'_>) -> Option<Item> {
    if shape.kind() == Kind::Text {
        return Some(toml_edit::value(text));
    }
    text.parse::<toml_edit::Value>().ok().map(Item::Value)
}

impl Reader<'_> {
    /// Reads the keys of a table.
    fn table(&mut self, table: &dyn TableLike, shape: Shape<'_>, path: &KeyPath) {
        for (key, item) in table.iter() {
            let below = path.child(key);
            let key_span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
            let child = shape.child(key);
            // Among fixed keys a name of the user's choice is always a table: `max_session = 6` is a slip.
            let slip = !shape.has(key)
                && !shape.keys().is_empty()
                && child.is_some_and(|child| child.kind() == Kind::Table)
                && !item.is_table_like();
            match child {
                Some(child) if !slip => self.item(item, key_span, child, &below),
                _ => self.unknown(&below, shape, key_span),
            }
        }
    }

    fn unknown(&mut self, key: &KeyPath, shape: Shape<'_>, span: Option<Range<usize>>) {
        let elsewhere =
            self.person.and_then(|root| key.0.iter().try_fold(root, |shape, key| shape.child(key)));
        if elsewhere.is_some() {
            self.problems.push(Problem::only_the_person(key, &self.place.origin(span)));
            return;
        }
        let written = key.0.last().map(String::as_str).unwrap_or_default();
        self.unknown_key(&key.to_string(), written, shape, span);
    }

    fn unknown_key(&mut self, label: &str, written: &str, shape: Shape<'_>, span: Option<Range<usize>>) {
        let known: Vec<String> = shape.keys().into_iter().map(str::to_owned).collect();
        let mut everywhere = Vec::new();
        all_keys(self.root, &KeyPath::default(), &mut everywhere);
        self.problems.push(Problem::unknown_key(
            label,
            written,
            Some(&self.place.origin(span)),
            &known,
            &everywhere,
        ));
    }

    /// Reads what stands behind a key.
    fn item(&mut self, item: &Item, key_span: Option<Range<usize>>, shape: Shape<'_>, path: &KeyPath) {
        let span = key_span.or_else(|| item.span());
        if shape.kind() != Kind::Table {
            if let Some(value) = self.value(item, span.clone(), shape, &path.to_string()) {
                self.layers.set(path.clone(), Sourced { value, origin: self.place.origin(span) });
            }
            return;
        }
        let Some(table) = item.as_table_like() else {
            return self.wrong(item, span, shape, &path.to_string());
        };
        let named = self.layers.get(path).is_some_and(|sourced| sourced.value.is_object());
        if !path.0.is_empty() && !named {
            let presence = Value::Object(Map::new());
            self.layers.set(path.clone(), Sourced { value: presence, origin: self.place.origin(span) });
        }
        self.table(table, shape, path);
    }

    /// A whole value, without layers; `None` after saying what is wrong.
    fn value(
        &mut self,
        item: &Item,
        span: Option<Range<usize>>,
        shape: Shape<'_>,
        label: &str,
    ) -> Option<Value> {
        let fits = match (shape.kind(), item) {
            (Kind::Text, Item::Value(toml_edit::Value::String(text))) => {
                text_fits(text.value(), shape).then(|| Value::String(text.value().clone()))
            }
            (Kind::Boolean, Item::Value(toml_edit::Value::Boolean(truth))) => {
                Some(Value::Bool(*truth.value()))
            }
            (Kind::Integer, Item::Value(toml_edit::Value::Integer(number))) => {
                let (smallest, largest) = shape.range();
                let number = *number.value();
                (smallest..=largest).contains(&number).then(|| Value::from(number))
            }
            (Kind::Amount, Item::Value(toml_edit::Value::Integer(number))) => {
                let small = i32::try_from(*number.value()).ok();
                let fits = small.and_then(|small| Dollars::of(f64::from(small)).ok());
                fits.map(|_| Value::from(*number.value()))
            }
            (Kind::Amount, Item::Value(toml_edit::Value::Float(number))) => {
                Dollars::of(*number.value()).ok().map(|_| Value::from(*number.value()))
            }
            (Kind::List, Item::Value(toml_edit::Value::Array(array))) => {
                let elements = array.iter().map(|element| (Item::Value(element.clone()), element.span()));
                return self.list(elements.collect(), span, shape, label);
            }
            (Kind::List, Item::ArrayOfTables(tables)) => {
                let elements = tables.iter().map(|table| (Item::Table(table.clone()), table.span()));
                return self.list(elements.collect(), span, shape, label);
            }
            (Kind::Table, item) if item.is_table_like() => {
                return self.element_table(item, span, shape, label);
            }
            _ => None,
        };
        if fits.is_none() {
            self.wrong(item, span, shape, label);
        }
        fits
    }

    fn list(
        &mut self,
        elements: Vec<(Item, Option<Range<usize>>)>,
        span: Option<Range<usize>>,
        shape: Shape<'_>,
        label: &str,
    ) -> Option<Value> {
        let element_shape = shape.element()?;
        let mut values = Vec::with_capacity(elements.len());
        for (position, (element, element_span)) in elements.iter().enumerate() {
            let below = format!("{label}[{}]", position + 1);
            let element_span = element_span.clone().or_else(|| span.clone());
            values.push(self.value(element, element_span, element_shape, &below));
        }
        values.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
    }

    /// A table inside a list: it belongs to the list's value.
    fn element_table(
        &mut self,
        item: &Item,
        span: Option<Range<usize>>,
        shape: Shape<'_>,
        label: &str,
    ) -> Option<Value> {
        let table = item.as_table_like()?;
        let before = self.problems.len();
        let mut map = Map::new();
        for (key, item) in table.iter() {
            let below = format!("{label}.{}", KeyPath(vec![key.to_owned()]));
            let key_span = table.key(key).and_then(toml_edit::Key::span).or_else(|| span.clone());
            match shape.child(key) {
                Some(child) => {
                    if let Some(value) = self.value(item, key_span, child, &below) {
                        map.insert(key.to_owned(), value);
                    }
                }
                None => self.unknown_key(&below, key, shape, key_span),
            }
        }
        for key in shape.required() {
            if !table.contains_key(key) {
                let reason = format!("has no `{key}`");
                self.problems.push(Problem::impossible(&label, &self.place.origin(span.clone()), &reason));
            }
        }
        (self.problems.len() == before).then_some(Value::Object(map))
    }

    fn wrong(&mut self, item: &Item, span: Option<Range<usize>>, shape: Shape<'_>, label: &str) {
        let origin = self.place.origin(span);
        let problem = Problem::wrong_value(label, &origin, &requirement(shape), &found(item, shape));
        let written = item.as_str().unwrap_or_default();
        self.problems.push(match super::problem::nearest(written, shape.words().into_iter()) {
            Some(word) => problem.hint(format!("did you mean \"{word}\"?")),
            None => problem,
        });
    }
}

fn text_fits(text: &str, shape: Shape<'_>) -> bool {
    let words = shape.words();
    (words.is_empty() || words.contains(&text))
        && (!shape.is_interval() || text.parse::<Interval>().is_ok())
        && (!shape.is_patience() || text.parse::<Patience>().is_ok())
        && (!shape.is_hours() || text.parse::<QuietHours>().is_ok())
        && (!shape.nonempty() || !text.trim().is_empty())
}

/// What a value must be: continues "`key` in file:line".
pub(crate) fn requirement(shape: Shape<'_>) -> String {
    match shape.kind() {
        Kind::Table => "must be a table".to_owned(),
        Kind::List => match shape.element().map(Shape::kind) {
            Some(Kind::Table) => "must be a list of tables".to_owned(),
            _ => "must be a list of texts".to_owned(),
        },
        Kind::Boolean => "must be true or false".to_owned(),
        Kind::Integer => {
            let (smallest, largest) = shape.range();
            if largest == i64::from(u32::MAX) {
                format!("must be a whole number of at least {smallest}")
            } else {
                format!("must be a whole number from {smallest} to {largest}")
            }
        }
        Kind::Amount => super::budget::NoAmount.to_string(),
        Kind::Text if shape.is_interval() => super::interval::NoInterval.to_string(),
        Kind::Text if shape.is_patience() => super::interval::NoPatience.to_string(),
        Kind::Text if shape.is_hours() => super::notify::NoHours.to_string(),
        Kind::Text => {
            let words: Vec<String> = shape.words().into_iter().map(|word| format!("\"{word}\"")).collect();
            match words.as_slice() {
                [] if shape.nonempty() => "must be a text that is not empty".to_owned(),
                [] => "must be a text".to_owned(),
                [word] => format!("must be {word}"),
                [first @ .., last] => format!("must be {} or {last}", first.join(", ")),
            }
        }
    }
}

/// What stands there instead. The value itself where it is short and only its content is wrong.
fn found(item: &Item, shape: Shape<'_>) -> String {
    const SHOWN: usize = 40;
    let short = |text: String| if text.chars().count() <= SHOWN { text } else { "a longer one".to_owned() };
    match item {
        Item::Value(toml_edit::Value::String(text)) if shape.kind() == Kind::Text => {
            short(format!("{:?}", text.value()))
        }
        Item::Value(toml_edit::Value::String(text)) => match short(format!("{:?}", text.value())).as_str() {
            "a longer one" => "a text".to_owned(),
            shown => format!("the text {shown}"),
        },
        Item::Value(toml_edit::Value::Integer(number)) => number.value().to_string(),
        Item::Value(toml_edit::Value::Boolean(truth)) => truth.value().to_string(),
        Item::Value(toml_edit::Value::Float(number)) => number.value().to_string(),
        Item::Value(toml_edit::Value::Datetime(_)) => "a date".to_owned(),
        Item::Value(toml_edit::Value::Array(_)) | Item::ArrayOfTables(_) => "a list".to_owned(),
        Item::Value(toml_edit::Value::InlineTable(_)) | Item::Table(_) => "a table".to_owned(),
        Item::None => "nothing".to_owned(),
    }
}

/// What to say of a key that exists nowhere and was not read from a file.
pub(crate) fn unknown_key(schema: &Value, key: &KeyPath) -> Problem {
    let root = Shape::root(schema);
    let (mut shape, mut path) = (root, KeyPath::default());
    for part in &key.0 {
        path = path.child(part);
        match shape.child(part) {
            Some(child) => shape = child,
            None => break,
        }
    }
    let written = path.0.last().map(String::as_str).unwrap_or_default();
    let known: Vec<String> = shape.keys().into_iter().map(str::to_owned).collect();
    let mut everywhere = Vec::new();
    all_keys(root, &KeyPath::default(), &mut everywhere);
    Problem::unknown_key(&path.to_string(), written, None, &known, &everywhere)
}

/// Every key with a value that does not lie behind a name of the user's choice.
fn all_keys(shape: Shape<'_>, path: &KeyPath, keys: &mut Vec<String>) {
    for key in shape.keys() {
        let below = path.child(key);
        match shape.child(key) {
            Some(child) if child.kind() == Kind::Table => all_keys(child, &below, keys),
            _ => keys.push(below.to_string()),
        }
    }
}
