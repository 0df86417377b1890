//! What rules are read with besides the schema, which whoever reads them has.

use agent_schema::Dialect;

/// Why something that a rule names cannot be had, in words for a user.
pub type ReaderError = Box<dyn std::error::Error + Send + Sync>;

/// Reads what a rule names.
pub trait Reader {
    /// The text of a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not text.
    fn text(&mut self, name: &str) -> Result<String, ReaderError>;

    /// How values are written, and the files that they name.
    fn dialect(&self) -> &dyn Dialect;
}
