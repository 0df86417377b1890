//! The fixtures' tables, compiled: each in a module named after its folder.

#![forbid(unsafe_code)]

macro_rules! fixtures {
    ($($name:ident),* $(,)?) => {
        $(
            #[expect(missing_docs, reason = "described in the folder of that name")]
            pub mod $name {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($name), "/table.rs"));
            }
        )*

        /// Every fixture: its name, its table, and the text that was compiled.
        pub const ALL: &[(&str, &agent_schema::Schema, &str)] = &[$((
            stringify!($name),
            &$name::SCHEMA,
            include_str!(concat!(env!("OUT_DIR"), "/", stringify!($name), "/table.rs")),
        )),*];
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
