//! `--json`: whole objects, or the fields that were asked for.

use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What `--json` asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Selection(Vec<String>);

impl Selection {
    /// From the option's value: empty for everything, else names between commas.
    pub(crate) fn parse(text: &str) -> Self {
        Self(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    /// Checks the names against the fields of `T`.
    ///
    /// # Errors
    /// A name is unknown; the error lists the known ones.
    pub(crate) fn check<T: ToSchema>(&self) -> Result<(), ErrorDetail> {
        let known = ganger_api::document::fields_of::<T>();
        match self.0.iter().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(ErrorDetail::new(
                exit::USAGE,
                "json.unknown_field",
                format!("there is no field `{name}` to select with --json"),
            )
            .hint(format!("the fields are: {}", known.join(", ")))),
        }
    }

    /// The object itself, or the selected fields of it.
    fn of(&self, value: Value) -> Value {
        match value {
            Value::Object(mut object) if !self.0.is_empty() => {
                let chosen = self.0.iter().filter_map(|name| Some((name.clone(), object.remove(name)?)));
                Value::Object(chosen.collect::<Map<_, _>>())
            }
            value => value,
        }
    }

    /// One object as a line.
    ///
    /// # Errors
    /// A selected field is unknown.
    pub(crate) fn object<T: Serialize + ToSchema>(&self, value: &T) -> Result<String, ErrorDetail> {
        self.check::<T>()?;
        Ok(format!("{}\n", self.of(json(value)?)))
    }

    /// An object that holds a list of `T` under `key`: the selection is of the list's elements.
    ///
    /// # Errors
    /// A selected field is unknown.
    pub(crate) fn list<T: ToSchema>(&self, whole: &impl Serialize, key: &str) -> Result<String, ErrorDetail> {
        self.check::<T>()?;
        let mut whole = json(whole)?;
        if let Some(Value::Array(elements)) = whole.get_mut(key) {
            elements.iter_mut().for_each(|element| *element = self.of(element.take()));
        }
        Ok(format!("{whole}\n"))
    }
}

fn json(value: &impl Serialize) -> Result<Value, ErrorDetail> {
    serde_json::to_value(value).map_err(|error| {
        ErrorDetail::new(exit::FAILED, "json.unwritable", format!("the result has no form as JSON: {error}"))
    })
}
