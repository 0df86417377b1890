//! The fixtures' tables, compiled: each in a module named after its folder.

#![forbid(unsafe_code)]

/// What is generated from a folder of proto files.
#[derive(Debug, Clone, Copy)]
pub struct Fixture {
    /// The folder's name.
    pub name: &'static str,
    /// The table.
    pub schema: &'static agent_schema::Schema,
    /// The table's text.
    pub table: &'static str,
    /// The text of the typed clients.
    pub clients: &'static str,
}

macro_rules! fixtures {
    ($($name:ident),* $(,)?) => {
        $(
            #[expect(missing_docs, reason = "described in the folder of that name")]
            pub mod $name {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($name), "/table.rs"));
                include!(concat!(env!("OUT_DIR"), "/", stringify!($name), "/clients.rs"));
            }
        )*

        /// Every fixture.
        pub const ALL: &[Fixture] = &[$(Fixture {
            name: stringify!($name),
            schema: &$name::SCHEMA,
            table: include_str!(concat!(env!("OUT_DIR"), "/", stringify!($name), "/table.rs")),
            clients: include_str!(concat!(env!("OUT_DIR"), "/", stringify!($name), "/clients.rs")),
        }),*];
    };
}

fixtures!(
    comments,
    details,
    imports,
    keywords,
    letter_case,
    maps,
    nested,
    oneofs,
    optional,
    options,
    prelude,
    recursive,
    scalars,
    services,
    streams,
    well_known,
);
