//! Dotted keys: `checks.timeout`, `repositories."zu Hause".base`.

use std::fmt;

/// The way to one value from a document's root.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct KeyPath(pub Vec<String>);

impl KeyPath {
    /// Reads a dotted key with TOML's quoting; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let keys = toml_edit::Key::parse(text).ok()?;
        Some(Self(keys.iter().map(|key| key.get().to_owned()).collect()))
    }

    /// The path one step further down.
    #[must_use]
    pub fn child(&self, key: &str) -> Self {
        let mut path = self.clone();
        path.0.push(key.to_owned());
        path
    }

    /// Whether it begins with these keys.
    pub fn starts_with(&self, keys: &[&str]) -> bool {
        self.0.len() >= keys.len() && self.0.iter().zip(keys).all(|(own, key)| own == key)
    }

    /// The environment variable that sets this key.
    pub fn variable(&self) -> String {
        let shout = |key: &String| key.to_uppercase().replace(['-', '.'], "_");
        format!("GANGER_{}", self.0.iter().map(shout).collect::<Vec<_>>().join("_"))
    }
}

impl<const N: usize> From<[&str; N]> for KeyPath {
    fn from(keys: [&str; N]) -> Self {
        Self(keys.map(str::to_owned).into())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, key) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            let bare = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
            if !key.is_empty() && key.chars().all(bare) {
                f.write_str(key)?;
            } else {
                // A string of TOML, so that what is shown can be typed.
                fmt::Display::fmt(&toml_edit::Value::from(key.as_str()), f)?;
            }
        }
        Ok(())
    }
}
