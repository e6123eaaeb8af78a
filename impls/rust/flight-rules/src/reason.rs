//! Why a record is malformed: the first of these that applies.
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    Long,
    Nul,
    Utf8,
    Quote,
    Few,
    Many,
    Value,
    Time,
}

impl Reason {
    /// As it stands in the rejects.
    pub fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Nul => "nul",
            Self::Utf8 => "utf8",
            Self::Quote => "quote",
            Self::Few => "few",
            Self::Many => "many",
            Self::Value => "value",
            Self::Time => "time",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
