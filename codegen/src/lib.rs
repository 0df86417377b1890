//! Proto files to message structs and a dispatch table.
