//! Requests as an agent gives them to its policy, and the files that they stand in: a guest's
//! `policy.jsonl`, and the test cases of genpolicy.

use std::cell::RefCell;

use agent_schema::json::{self, JsonError};
use agent_schema::{Dialect, Explicit, Message, Reflect, Rpc, Schema, Value, suggest};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// RPCs that an agent answers without asking its policy.
const UNASKED: [&str; 2] = ["grpc.Health/Check", "grpc.Health/Version"];
/// The request whose input is not the message itself.
const COPY_FILE: &str = "grpc.CopyFileRequest";
/// The agent's error for a link whose target is not text.
const NO_LINK_TARGET: &str =
    "parsing CopyFileRequest for policy\n\nCaused by:\n    invalid symlink content";
/// The request that brings another policy.
const SET_POLICY: &str = "grpc.SetPolicyRequest";
/// The rule of calls that answer without data, and with no error, where the policy denies them.
const SILENT: &str = "ReadStreamRequest";

/// Whether an agent asks its policy about calls of an RPC.
pub fn is_asked(rpc: &Rpc) -> bool {
    !UNASKED.contains(&rpc.path().as_str())
}

/// Whether an agent answers calls that this rule denies as if there were no data.
pub(crate) fn is_silent(rule: &str) -> bool {
    rule == SILENT
}

/// A request as a policy sees it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The rule that is asked about it.
    pub rule: String,
    /// What the rule sees as `input`.
    pub input: Box<RawValue>,
    /// The policy that takes the place of this one once the request is allowed.
    pub policy: Option<String>,
    /// The agent's error, of code 13, where it does not come to ask its policy.
    pub failure: Option<&'static str>,
}

/// Why a request cannot be put to a policy.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It is of a type that no RPC takes.
    #[error("{kind:?} is not the name of a request{}", suggest::did_you_mean(.nearest))]
    Kind {
        /// The name.
        kind: String,
        /// Names that are like it.
        nearest: Vec<String>,
    },
    /// It does not fit its type.
    #[error("{kind}: {error}")]
    Fields {
        /// The request's type.
        kind: String,
        /// What does not fit.
        error: JsonError,
    },
    /// The input of CopyFile does not fit.
    #[error("{kind}: {error}")]
    CopyFile {
        /// The request's type.
        kind: String,
        /// What does not fit.
        error: serde_json::Error,
    },
    /// A file of requests is not one.
    #[error("{place}{what}")]
    File {
        /// The line or the case, for reading.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// It is nested too deep.
    #[error(transparent)]
    Deep(#[from] json::WriteError),
    /// It cannot be written as JSON.
    #[error("cannot write a request as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Request {
    /// The request that a message is.
    ///
    /// # Errors
    /// When an agent cannot put it to its policy either.
    pub fn of(message: &dyn Reflect) -> Result<Self, RequestError> {
        let descriptor = message.descriptor();
        let mut failure = None;
        let input = match descriptor.full_name {
            COPY_FILE => {
                let copied = CopyFile::of(message);
                if copied.is_none() {
                    failure = Some(NO_LINK_TARGET);
                }
                serde_json::value::to_raw_value(&copied.unwrap_or_default())?
            }
            _ => as_json(message)?,
        };
        let policy = match descriptor.full_name {
            SET_POLICY => Some(text(message, "policy").to_owned()),
            _ => None,
        };
        Ok(Self {
            rule: descriptor.name().to_owned(),
            input,
            policy,
            failure,
        })
    }

    /// The request of a type that is called `kind`, from JSON that may leave defaults out. What
    /// the type has no field for is passed over, as an agent does.
    ///
    /// # Errors
    /// When there is no such type, or the JSON does not fit it.
    pub fn read(schema: &'static Schema, kind: &str, text: &str) -> Result<Self, RequestError> {
        Self::noting(schema, kind, text, &Lenient::default())
    }

    /// The same; `passed` notes what was passed over.
    fn noting(
        schema: &'static Schema,
        kind: &str,
        text: &str,
        passed: &Lenient,
    ) -> Result<Self, RequestError> {
        let message = message_of(schema, kind)?;
        let name = message.name().to_owned();
        if message.full_name == COPY_FILE {
            // A log and a test case have the input, which is not the message.
            let input = serde_json::from_str::<CopyFile>(text);
            let input = input.map_err(|error| RequestError::CopyFile {
                kind: name.clone(),
                error,
            })?;
            passed.note_others(text, &input)?;
            return Ok(Self {
                rule: name,
                input: serde_json::value::to_raw_value(&input)?,
                policy: None,
                failure: None,
            });
        }
        let mut value = (message.new)();
        let explicit = &mut Explicit::default();
        let merged = json::merge(value.as_mut(), explicit, passed, schema, text);
        merged.map_err(|error| RequestError::Fields { kind: name, error })?;
        Self::of(value.as_ref())
    }
}

/// Passes over what is not a field, as genpolicy and the agent do, and notes where it stands.
#[derive(Default)]
struct Lenient(RefCell<Vec<String>>);

impl Lenient {
    /// Notes the members of a document that a value has not which was read from it.
    fn note_others(&self, text: &str, value: &impl Serialize) -> Result<(), serde_json::Error> {
        let members: serde_json::Map<String, Json> = serde_json::from_str(text)?;
        let known = serde_json::to_value(value)?;
        let others = members.into_iter().map(|(name, _)| name);
        let others = others.filter(|name| known.get(name).is_none());
        self.0.borrow_mut().extend(others);
        Ok(())
    }
}

impl Dialect for Lenient {
    fn passes_over(&self, path: &str) -> bool {
        self.0.borrow_mut().push(path.to_owned());
        true
    }
}

/// The request of the RPCs that is called `kind`, with or without `Request` at its end.
pub(crate) fn message_of(
    schema: &'static Schema,
    kind: &str,
) -> Result<&'static Message, RequestError> {
    let rpcs = schema.services.iter().flat_map(|service| service.rpcs);
    let asked: Vec<_> = rpcs
        .filter(|rpc| is_asked(rpc))
        .map(|rpc| rpc.request)
        .collect();
    let is_meant = |message: &&&Message| {
        let name = message.name();
        name == kind || name.strip_suffix("Request") == Some(kind)
    };
    match asked.iter().find(is_meant) {
        Some(message) => Ok(message),
        None => Err(RequestError::Kind {
            kind: kind.to_owned(),
            nearest: {
                let names = asked.iter().map(|each| each.name());
                let short = |name: &'static str| name.strip_suffix("Request").unwrap_or(name);
                suggest::nearest(kind, names.map(|name| (short(name), name)))
            },
        }),
    }
}

/// A message as an agent gives it to its policy.
pub(crate) fn as_json(message: &dyn Reflect) -> Result<Box<RawValue>, RequestError> {
    let mut text = Vec::new();
    json::write_serde(message, &mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Whether a policy sees something else than the message.
pub(crate) fn has_own_form(message: &Message) -> bool {
    message.full_name == COPY_FILE
}

fn text<'a>(message: &'a dyn Reflect, name: &str) -> &'a str {
    match field(message, name) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

fn field<'a>(message: &'a dyn Reflect, name: &str) -> Option<Value<'a>> {
    let mut fields = message.descriptor().fields.iter();
    message.get(fields.position(|field| field.name == name)?)
}

/// What an agent puts to its policy in place of a `CopyFileRequest`: no content, and the bits
/// of the mode that tell the type as a word.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct CopyFile {
    path: String,
    file_type: FileType,
    symlink_target: Option<String>,
    file_size: i64,
    file_mode: u32,
    dir_mode: u32,
    uid: i32,
    gid: i32,
    offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum FileType {
    #[default]
    Unknown,
    Regular,
    Directory,
    Symlink,
}

impl CopyFile {
    /// What it is of a message; none for a link whose target is not text.
    fn of(message: &dyn Reflect) -> Option<Self> {
        let large = |name| match field(message, name) {
            Some(Value::Int64(number)) => number,
            Some(Value::Int32(number)) => number.into(),
            Some(Value::Uint32(number)) => number.into(),
            _ => 0,
        };
        let unsigned = |name| u32::try_from(large(name)).unwrap_or_default();
        let signed = |name| i32::try_from(large(name)).unwrap_or_default();
        let file_mode = unsigned("file_mode");
        let file_type = match file_mode & 0o170_000 {
            0o100_000 => FileType::Regular,
            0o040_000 => FileType::Directory,
            0o120_000 => FileType::Symlink,
            _ => FileType::Unknown,
        };
        let symlink_target = match (file_type, field(message, "data")) {
            (FileType::Symlink, Some(Value::Bytes(data))) => {
                let target = std::str::from_utf8(data);
                Some(target.ok()?.to_owned())
            }
            _ => None,
        };
        Some(Self {
            path: text(message, "path").to_owned(),
            file_type,
            symlink_target,
            file_size: large("file_size"),
            file_mode,
            dir_mode: unsigned("dir_mode"),
            uid: signed("uid"),
            gid: signed("gid"),
            offset: large("offset"),
        })
    }
}

/// A request with what its file says about it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The request.
    pub request: Request,
    /// What it is an example of.
    pub description: Option<String>,
    /// Whether it is meant to be allowed.
    pub allowed: Option<bool>,
    /// Whether that should be known and is not: of a recorded call, or of a test case.
    pub is_unknown: bool,
    /// What its file has that the type has no field for, which is passed over.
    pub passed_over: Vec<String>,
}

/// One of the requests that were given, or a call that no policy is asked about.
#[derive(Debug, Clone)]
pub struct Given {
    /// The RPC, or the request's type.
    pub name: String,
    /// The request.
    pub case: Option<Case>,
}

/// A case as it stands in a file.
#[derive(Deserialize)]
#[serde(expecting = "an object with a \"request\"")]
struct Written {
    description: Option<String>,
    allowed: Option<bool>,
    kind: Option<String>,
    #[serde(alias = "data")]
    request: Box<RawValue>,
}

/// The requests of a guest's `policy.jsonl` or of genpolicy's test cases.
///
/// # Errors
/// When the text is neither, or one of its requests is not one of this build's.
pub fn cases(schema: &'static Schema, text: &str) -> Result<Vec<Case>, RequestError> {
    let in_file = |place: String, error: &dyn std::fmt::Display| RequestError::File {
        place,
        what: error.to_string(),
    };
    let mut found = Vec::new();
    if !text.trim_start().starts_with(['[', '{']) && !text.trim().is_empty() {
        let what = "it is not a file of requests: neither a recording, nor a guest's policy.jsonl, \
                    nor test cases of genpolicy";
        return Err(in_file(String::new(), &what));
    }
    if text.trim_start().starts_with('[') {
        let written = serde_json::from_str::<Vec<&RawValue>>(text);
        let written = written.map_err(|error| in_file(String::new(), &error))?;
        for (number, written) in (1..).zip(written) {
            let case = case(schema, written.get());
            let case = case.map_err(|error| in_file(format!("case {number}: "), &error))?;
            found.extend(case.map(|case| Case {
                is_unknown: case.allowed.is_none(),
                ..case
            }));
        }
        return Ok(found);
    }
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let case = case(schema, line);
        found.extend(case.map_err(|error| in_file(format!("line {number}: "), &error))?);
    }
    Ok(found)
}

/// A case; none for a line of a log that has no request.
fn case(schema: &'static Schema, text: &str) -> Result<Option<Case>, RequestError> {
    let not_one = |error: serde_json::Error| {
        let said = error.to_string();
        // Where the case stands is told already.
        let (what, _) = said.rsplit_once(" at line ").unwrap_or((&said, ""));
        RequestError::File {
            place: String::new(),
            what: format!("{what} at column {}", error.column()),
        }
    };
    let written = serde_json::from_str::<Written>(text).map_err(not_one)?;
    let mut text = written.request.get().to_owned();
    let kind = match written.kind {
        Some(kind) => kind,
        // As genpolicy wrote them once: the type is among the fields.
        None => {
            let mut fields = serde_json::from_str::<serde_json::Map<String, Json>>(&text)?;
            let Some(Json::String(kind)) = fields.remove("type") else {
                return Err(RequestError::File {
                    place: String::new(),
                    what: "it has no \"kind\", which says the type of the request".to_owned(),
                });
            };
            text = Json::Object(fields).to_string();
            kind
        }
    };
    // An agent logs results too, under the same kind, and its question about failures.
    let is_result = || {
        let fields = serde_json::from_str::<serde_json::Map<String, Json>>(&text);
        fields.is_ok_and(|fields| {
            fields.contains_key("allowed")
                && fields.keys().all(|key| key == "allowed" || key == "ops")
        })
    };
    if kind == crate::engine::ALLOW_FAILURES || is_result() {
        return Ok(None);
    }
    let passed = Lenient::default();
    let request = Request::noting(schema, &kind, &text, &passed)?;
    let mut passed_over = passed.0.into_inner();
    // What it once was in place of the kind.
    passed_over.retain(|path| path != "type");
    Ok(Some(Case {
        request,
        passed_over,
        description: written.description,
        allowed: written.allowed,
        is_unknown: false,
    }))
}
