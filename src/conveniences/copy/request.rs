//! From something to copy to the fields of the request, by their names in the
//! proto. What was given explicitly is left as it is.

use nix::libc;

use super::error::CopyError;
use super::scan::{Entry, Kind};
use crate::conveniences::Draft;
use crate::schema::{Reflect, Scalar, Value, ValueMut};

pub(super) const PATH: &str = "path";
pub(super) const FILE_SIZE: &str = "file_size";
pub(super) const FILE_MODE: &str = "file_mode";
pub(super) const DIR_MODE: &str = "dir_mode";
pub(super) const UID: &str = "uid";
pub(super) const GID: &str = "gid";
pub(super) const OFFSET: &str = "offset";
pub(super) const DATA: &str = "data";

/// The fields that a copy cannot do without.
pub(super) const NEEDS: &[(&str, Scalar)] = &[
    (PATH, Scalar::String),
    (FILE_SIZE, Scalar::Int64),
    (FILE_MODE, Scalar::Uint32),
    (DIR_MODE, Scalar::Uint32),
    (UID, Scalar::Int32),
    (GID, Scalar::Int32),
    (OFFSET, Scalar::Int64),
    (DATA, Scalar::Bytes),
];

/// Which fields a command gave, and so are not a file's to fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenFields {
    file_size: bool,
    file_mode: Option<u32>,
    uid: bool,
    gid: bool,
}

impl GivenFields {
    /// What the draft of a request has.
    pub(super) fn of(draft: &Draft<'_>) -> Self {
        let mode = field(draft.message, FILE_MODE).and_then(|index| draft.message.get(index));
        Self {
            file_size: draft.has(FILE_SIZE),
            file_mode: match mode {
                Some(Value::Uint32(mode)) if draft.has(FILE_MODE) => Some(mode),
                _ => None,
            },
            uid: draft.has(UID),
            gid: draft.has(GID),
        }
    }

    /// Fills in everything that is the same for all pieces of `entry`.
    ///
    /// # Errors
    /// When its owner does not fit the fields.
    pub(super) fn fill(self, message: &mut dyn Reflect, entry: &Entry) -> Result<(), CopyError> {
        let owner = |name, id: u32| {
            i32::try_from(id).map_err(|_| CopyError::Owner {
                name: entry.source.clone(),
                field: name,
                id,
            })
        };
        if !self.uid {
            let uid = owner(UID, entry.uid)?;
            set(message, UID, Number::Int32(uid));
        }
        if !self.gid {
            let gid = owner(GID, entry.gid)?;
            set(message, GID, Number::Int32(gid));
        }
        if !self.file_size {
            let size = match entry.kind {
                // The kernel has no file that is larger.
                Kind::File(size) => i64::try_from(size).unwrap_or(i64::MAX),
                Kind::Directory | Kind::Filled | Kind::Link(_) => 0,
            };
            set(message, FILE_SIZE, Number::Int64(size));
        }
        set(message, FILE_MODE, Number::Uint32(self.mode(entry)));
        if let Some(ValueMut::String(path)) =
            field(message, PATH).and_then(|index| message.get_mut(index))
        {
            path.clone_from(&entry.target);
        }
        Ok(())
    }

    /// A mode that was given without a kind is sent as it is with a file, as no
    /// kind means a file; anything else needs its kind.
    fn mode(self, entry: &Entry) -> u32 {
        match (self.file_mode, &entry.kind) {
            (None, _) => entry.mode,
            (Some(mode), Kind::Directory | Kind::Filled | Kind::Link(_))
                if mode & libc::S_IFMT == 0 =>
            {
                mode | entry.mode & libc::S_IFMT
            }
            (Some(mode), _) => mode,
        }
    }
}

/// Sets where in its file a piece begins.
pub(super) fn set_offset(message: &mut dyn Reflect, offset: u64) {
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    set(message, OFFSET, Number::Int64(offset));
}

/// The number on the wire of the field that holds a piece's bytes.
pub(super) fn data_number(message: &dyn Reflect) -> u32 {
    let mut fields = message.descriptor().fields.iter();
    let data = fields.find(|field| field.name == DATA);
    data.map_or(0, |field| field.number)
}

/// A number for a field of exactly this type.
enum Number {
    Int32(i32),
    Int64(i64),
    Uint32(u32),
}

fn set(message: &mut dyn Reflect, name: &str, number: Number) {
    let value = field(message, name).and_then(|index| message.get_mut(index));
    match (value, number) {
        (Some(ValueMut::Int32(value)), Number::Int32(number)) => *value = number,
        (Some(ValueMut::Int64(value)), Number::Int64(number)) => *value = number,
        (Some(ValueMut::Uint32(value)), Number::Uint32(number)) => *value = number,
        // The convenience is not there where a field is of another type.
        _ => {}
    }
}

fn field(message: &dyn Reflect, name: &str) -> Option<usize> {
    let mut fields = message.descriptor().fields.iter();
    fields.position(|field| field.name == name)
}
