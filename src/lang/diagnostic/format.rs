//! The formats in which diagnostics are written.

/// For whom diagnostics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people: beside the source.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For code-scanning services, as SARIF 2.1.0.
    Sarif,
    /// For GitHub Actions, as workflow commands.
    Github,
}

impl Format {
    /// All formats.
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
