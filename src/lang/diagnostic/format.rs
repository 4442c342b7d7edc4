//! The forms in which diagnostics are told.

/// For whom diagnostics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// People: beside the source.
    #[default]
    Text,
    /// Programs.
    Json,
    /// Services that scan code, as SARIF 2.1.0.
    Sarif,
    /// GitHub Actions, as workflow commands.
    Github,
}

impl Format {
    /// All forms.
    pub const ALL: [Format; 4] = [Format::Text, Format::Json, Format::Sarif, Format::Github];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Sarif => "sarif",
            Format::Github => "github",
        }
    }
}
