//! Commands that work as they stand, one for each form of a call.

use super::json::Json;
use super::sample::{self, Sample, Whole};
use super::{Annotations, Call};
use crate::decode::missing_required;
use crate::descriptor::{Label, Message, Rpc, Schema, Type};
use crate::dialect::Dialect;
use crate::explicit::Explicit;
use crate::json::{self, Style};
use crate::lookup;
use crate::path;
use crate::reflect::Reflect;

/// How many fields an example gives.
const SHOWN: usize = 4;
/// A document that is read from standard input.
const STANDARD_INPUT: &str = "file://-";

/// How a call gives its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Not at all.
    Plain,
    /// By setters.
    Setters,
    /// As a JSON document.
    Document,
    /// As a JSON document in a file.
    File,
    /// As a JSON document, with setters on top of it.
    DocumentAndSetters,
    /// By words that are not fields of it.
    Convenience,
}

impl Form {
    /// The form's name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Plain => "plain",
            Form::Setters => "setters",
            Form::Document => "document",
            Form::File => "file",
            Form::DocumentAndSetters => "document_and_setters",
            Form::Convenience => "convenience",
        }
    }
}

/// One call, ready to run.
#[derive(Debug, Clone)]
pub struct Example {
    /// How it gives its request.
    pub form: Form,
    /// The RPC by the shortest name that stands for it alone.
    pub name: String,
    /// The document's address or text: `json://...`, `file://-`.
    pub document: Option<String>,
    /// Paths and values. None of them has a single quote.
    pub setters: Vec<(String, String)>,
    /// What is on standard input.
    pub input: Option<String>,
    /// What it needs, and what comes of it.
    pub call: Call,
}

impl Example {
    /// The RPC's name and what it is given, in one line. It holds no single quote.
    pub fn command(&self) -> String {
        let mut words = vec![self.name.clone()];
        words.extend(self.document.clone());
        words.extend(
            self.setters
                .iter()
                .map(|(path, value)| format!("{path}={}", quoted(value))),
        );
        words.join(" ")
    }

    /// What it is an example of, and what comes of it if that is not a plain answer.
    pub(super) fn title(&self) -> String {
        let title = match self.form {
            Form::Plain => "nothing given: defaults and automatic values",
            Form::Setters => "fields by setters",
            Form::Document => "a JSON document",
            Form::File => "a JSON document from a file, here standard input",
            Form::DocumentAndSetters => "a document, and setters on top of it",
            Form::Convenience => "a convenience",
        };
        match self.call.outcome {
            "" => title.to_owned(),
            outcome => format!("{title}; {outcome}"),
        }
    }
}

/// Examples of an RPC in each form that its request allows, and of what it takes beside the
/// fields of its request.
pub fn examples(
    schema: &'static Schema,
    rpc: &'static Rpc,
    annotations: &dyn Annotations,
) -> Vec<Example> {
    let call = annotations.call(rpc).unwrap_or_default();
    let dialect = annotations.dialect(rpc);
    let given = given(schema, rpc, &call, dialect.as_ref());
    let Given {
        setters,
        whole,
        base,
        on_top,
    } = given;
    let inline = |json: &str| Some(format!("json://{json}"));
    let mut forms = Vec::new();
    if call.is_alone && missing_required((rpc.request.new)().as_ref()).is_none() {
        forms.push((Form::Plain, None, Vec::new(), None));
    }
    if !setters.is_empty() {
        forms.push((Form::Setters, None, setters, None));
    }
    forms.push((Form::Document, inline(&whole), Vec::new(), None));
    // A stream's messages come from there.
    if !rpc.client_streaming && !rpc.request.fields.is_empty() {
        let file = Some(STANDARD_INPUT.to_owned());
        forms.push((Form::File, file, Vec::new(), Some(whole)));
    }
    if let Some(on_top) = on_top {
        let form = Form::DocumentAndSetters;
        forms.push((form, inline(&base), vec![on_top], None));
    }
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    for convenience in annotations.conveniences(rpc) {
        let setters = convenience.words.iter().map(owned).collect();
        let input = Some(convenience.input.to_owned()).filter(|input| !input.is_empty());
        forms.push((Form::Convenience, None, setters, input));
    }
    let name = shortest_name(schema, rpc);
    let example = |(form, document, setters, input)| Example {
        form,
        name: name.clone(),
        document,
        setters,
        input,
        call,
    };
    forms.into_iter().map(example).collect()
}

/// A setter's value as it stands in a command: JSON as it is, and other text in quotes where it
/// would not be one word.
fn quoted(value: &str) -> String {
    let is_word = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\\' | '#');
    if value.starts_with(['{', '[']) || (!value.is_empty() && value.chars().all(is_word)) {
        return value.to_owned();
    }
    let mut word = String::from('"');
    for c in value.chars() {
        match c {
            '\n' => word.push_str("\\n"),
            '"' | '\\' => word.extend(['\\', c]),
            c => word.push(c),
        }
    }
    word.push('"');
    word
}

/// One request in each form.
struct Given {
    setters: Vec<(String, String)>,
    /// The document.
    whole: String,
    /// A document for a setter on top of it.
    base: String,
    on_top: Option<(String, String)>,
}

fn given(schema: &'static Schema, rpc: &'static Rpc, call: &Call, dialect: &dyn Dialect) -> Given {
    let chosen = chosen(schema, rpc.request, call.setters, dialect);
    if let Some((last, first)) = chosen.split_last() {
        let owned = |(path, value): &(&str, &str)| ((*path).to_owned(), (*value).to_owned());
        return Given {
            setters: chosen.iter().map(owned).collect(),
            whole: document(schema, rpc.request, &chosen, dialect),
            base: document(schema, rpc.request, first, dialect),
            on_top: (!first.is_empty()).then(|| owned(last)),
        };
    }
    if let Some(Whole { setters, json }) = sample::of_request(schema, rpc.request) {
        let on_top = setters.get(1).or(setters.first()).cloned();
        return Given {
            setters,
            whole: json.compact(),
            base: json.compact(),
            on_top,
        };
    }
    let Samples { samples, required } = samples(rpc.request);
    let least = required.max(1);
    let object = |samples: &[Sample]| {
        let entries = samples.iter().map(|sample| sample.entry.clone());
        Json::Object(entries.collect()).compact()
    };
    let pairs = samples.iter().map(|it| (it.path.clone(), it.value.clone()));
    let setters: Vec<_> = pairs.collect();
    Given {
        whole: object(&samples),
        base: object(samples.get(..least).unwrap_or(&samples)),
        on_top: setters.get(least).or(setters.first()).cloned(),
        setters,
    }
}

/// Those of some setters that the message has fields for.
fn chosen(
    schema: &'static Schema,
    message: &'static Message,
    setters: &'static [(&'static str, &'static str)],
    dialect: &dyn Dialect,
) -> Vec<(&'static str, &'static str)> {
    let mut request = (message.new)();
    let fits = |setter: &&(&str, &str)| set(request.as_mut(), schema, setter, dialect);
    setters.iter().filter(fits).copied().collect()
}

fn set(
    request: &mut dyn Reflect,
    schema: &'static Schema,
    (path, value): &(&str, &str),
    dialect: &dyn Dialect,
) -> bool {
    let explicit = &mut Explicit::default();
    path::set(request, explicit, dialect, schema, path, value).is_ok()
}

/// The document that says the same as some setters.
fn document(
    schema: &'static Schema,
    message: &'static Message,
    setters: &[(&str, &str)],
    dialect: &dyn Dialect,
) -> String {
    let mut request = (message.new)();
    for setter in setters {
        set(request.as_mut(), schema, setter, dialect);
    }
    let mut out = Vec::new();
    // What setters make is not nested deep.
    let _ = json::write(request.as_ref(), schema, Style::default(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The name alone where it finds this RPC. A name in lower case may be a
/// built-in command's, and is qualified.
fn shortest_name(schema: &Schema, rpc: &Rpc) -> String {
    let found = lookup::rpc(schema, rpc.name).is_ok_and(|found| found.path() == rpc.path());
    if found
        && rpc
            .name
            .starts_with(|first: char| first.is_ascii_uppercase())
    {
        rpc.name.to_owned()
    } else {
        rpc.path()
    }
}

/// Samples of some fields of a request.
struct Samples {
    samples: Vec<Sample>,
    /// How many of them, the first ones, are of required fields.
    required: usize,
}

/// Samples of all required fields and of a few others: two plain ones at most, so that there is
/// room for lists, maps and messages; one member of each oneof.
fn samples(message: &'static Message) -> Samples {
    let (required, others): (Vec<_>, Vec<_>) = message
        .fields
        .iter()
        .partition(|field| field.options.required);
    let mut samples: Vec<_> = required.into_iter().filter_map(sample::of).collect();
    let required = samples.len();
    let mut oneofs = Vec::new();
    let mut plain = 0;
    let few = message.fields.len() <= SHOWN;
    for field in others {
        if samples.len() >= SHOWN {
            break;
        }
        if field.oneof.is_some_and(|oneof| oneofs.contains(&oneof)) {
            continue;
        }
        let is_plain = matches!(field.label, Label::Singular | Label::Optional)
            && !matches!(field.ty, Type::Message(_));
        if is_plain && plain == 2 && !few {
            continue;
        }
        if let Some(sample) = sample::of(field) {
            plain += usize::from(is_plain);
            oneofs.extend(field.oneof);
            samples.push(sample);
        }
    }
    Samples { samples, required }
}
