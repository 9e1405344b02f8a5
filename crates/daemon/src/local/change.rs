//! Changes of a TOML text that keep what is written around them.

use crate::config::KeyPath;
use crate::error::{CodedError, ErrorKind};
use serde_json::Value;

/// The text of a file with this value set, everything else as it is written.
///
/// # Errors
/// The text is not valid TOML, or has a value where a table is needed.
pub(super) fn with_value(text: &str, key: &KeyPath, value: &Value) -> Result<String, CodedError> {
    let mut document: toml_edit::DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        CodedError::new(
            ErrorKind::Usage,
            "configuration.syntax",
            format!("the file is not valid TOML: {}", error.message()),
        )
    })?;
    insert(document.as_table_mut(), key, toml_edit::Item::Value(to_toml(value)))?;
    Ok(document.to_string())
}

/// Sets a value and keeps everything else as it is written, comments too.
pub(super) fn insert(
    root: &mut toml_edit::Table,
    key: &KeyPath,
    item: toml_edit::Item,
) -> Result<(), CodedError> {
    let Some((last, tables)) = key.0.split_last() else { return Ok(()) };
    let mut table: &mut dyn toml_edit::TableLike = root;
    for name in tables {
        let new = || {
            let mut table = toml_edit::Table::new();
            // No empty `[repositories]` above `[repositories.api]`.
            table.set_implicit(true);
            toml_edit::Item::Table(table)
        };
        let inside_inline = table.entry(name).or_insert_with(new);
        table = inside_inline.as_table_like_mut().ok_or_else(|| {
            CodedError::new(
                ErrorKind::Usage,
                "configuration.wrong_value",
                format!("`{name}` in `{key}` is written as a value, not as a table"),
            )
        })?;
    }
    let mut item = item;
    if let Some(old) = table.get(last).and_then(toml_edit::Item::as_value)
        && let Some(new) = item.as_value_mut()
    {
        // The comment behind the old value is about the key, so it stays.
        *new.decor_mut() = old.decor().clone();
    }
    match table.get_mut(last) {
        Some(present) => *present = item,
        None => {
            table.insert(last, item);
        }
    }
    Ok(())
}

/// A value as TOML writes it.
pub(super) fn to_toml(value: &Value) -> toml_edit::Value {
    match value {
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => number.as_i64().map_or_else(|| number.to_string().into(), Into::into),
        Value::String(text) => text.as_str().into(),
        Value::Array(elements) => elements.iter().map(to_toml).collect::<toml_edit::Array>().into(),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| (toml_edit::Key::new(key), to_toml(value)));
            entries.collect::<toml_edit::InlineTable>().into()
        }
        // No value of ours is null.
        Value::Null => "".into(),
    }
}
