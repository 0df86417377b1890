//! Commands that work as they stand, one for each form of a call.

use super::json::Json;
use super::sample::{self, Sample, Whole};
use super::{Annotations, Words};
use crate::descriptor::{Label, Message, Rpc, Schema, Type};
use crate::lookup;

/// How many fields an example gives.
const SHOWN: usize = 4;

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
    pub fn name(self) -> &'static str {
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
    /// The document's address or text: `json://...`, `file://...`.
    pub document: Option<String>,
    /// Paths and values. None of them needs quotes.
    pub setters: Vec<(String, String)>,
}

impl Example {
    /// Where the document's file is, if it is in one.
    pub fn path(&self) -> Option<&str> {
        self.document.as_deref()?.strip_prefix("file://")
    }

    /// The RPC's name and what it is given, in one line. It holds no single quote.
    pub fn command(&self) -> String {
        let mut words = vec![self.name.clone()];
        words.extend(self.document.clone());
        words.extend(
            self.setters
                .iter()
                .map(|(path, value)| format!("{path}={value}")),
        );
        words.join(" ")
    }
}

/// Examples of an RPC in each form that its request allows.
pub fn examples(schema: &Schema, rpc: &'static Rpc) -> Vec<Example> {
    let name = shortest_name(schema, rpc);
    let samples = samples(rpc.request);
    let object = |samples: &[Sample]| {
        let entries = samples.iter().map(|sample| sample.entry.clone());
        Json::Object(entries.collect())
    };
    let (setters, whole, base) = match sample::of_request(schema, rpc.request) {
        Some(Whole { setters, json }) => (setters, json.clone(), json),
        None => {
            let pairs = samples.iter().map(|it| (it.path.clone(), it.value.clone()));
            let first = samples.get(..1).unwrap_or_default();
            (pairs.collect::<Vec<_>>(), object(&samples), object(first))
        }
    };
    let document = |json: &Json| Some(format!("json://{}", json.compact()));
    let file = Some(format!("file:///tmp/{}.json", rpc.name));
    let on_top = setters.get(1).or(setters.first()).cloned();
    let mut forms = vec![(Form::Plain, None, Vec::new())];
    if !setters.is_empty() {
        forms.push((Form::Setters, None, setters));
    }
    forms.push((Form::Document, document(&whole), Vec::new()));
    forms.push((Form::File, file, Vec::new()));
    if let Some(on_top) = on_top {
        forms.push((Form::DocumentAndSetters, document(&base), vec![on_top]));
    }
    let example = |(form, document, setters)| Example {
        form,
        name: name.clone(),
        document,
        setters,
    };
    forms.into_iter().map(example).collect()
}

/// Examples of what an RPC takes beside the fields of its request.
pub(super) fn conveniences(
    schema: &Schema,
    rpc: &'static Rpc,
    annotations: &dyn Annotations,
) -> Vec<Example> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let example = |words: Words| Example {
        form: Form::Convenience,
        name: shortest_name(schema, rpc),
        document: None,
        setters: words.iter().map(owned).collect(),
    };
    let words = annotations.conveniences(rpc);
    words.into_iter().map(example).collect()
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

/// Samples of a few fields: two plain ones at most, so that there is room for
/// lists, maps and messages; one member of each oneof.
fn samples(message: &'static Message) -> Vec<Sample> {
    let mut oneofs = Vec::new();
    let mut plain = 0;
    let mut samples = Vec::new();
    let few = message.fields.len() <= SHOWN;
    for field in message.fields {
        if samples.len() == SHOWN {
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
    samples
}
