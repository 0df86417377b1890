//! Services: what a request and a response can be.

use protox::prost_reflect::prost_types::{FileDescriptorProto, MethodDescriptorProto};

use super::walk::{each, join};
use super::{Known, Mistake, tag};

const SCALARS: &[&str] = &[
    "bool", "bytes", "double", "fixed32", "fixed64", "float", "int32", "int64", "sfixed32",
    "sfixed64", "sint32", "sint64", "string", "uint32", "uint64",
];

pub(super) fn written(file: &FileDescriptorProto) -> Option<Mistake> {
    let (path, name) = types(file)
        .into_iter()
        .find(|(_, name)| SCALARS.contains(name))?;
    let what = format!("\"{name}\" is no message: an RPC takes and returns messages");
    Some(Mistake::new(path, what))
}

pub(super) fn resolved(resolved: &FileDescriptorProto, known: &Known) -> Option<Mistake> {
    types(resolved).into_iter().find_map(|(path, name)| {
        let name = name.trim_start_matches('.');
        let message = known.pool.get_message_by_name(name)?;
        let what = format!("\"{name}\" is what a map consists of: it cannot be sent by itself");
        message.is_map_entry().then(|| Mistake::new(path, what))
    })
}

/// The types of all requests and responses.
fn types(file: &FileDescriptorProto) -> Vec<(Vec<i32>, &str)> {
    let mut types = Vec::new();
    for (path, service) in each(&[], tag::FILE_SERVICE, &file.service) {
        let methods = each(&path, tag::SERVICE_METHOD, &service.method);
        types.extend(methods.flat_map(|(path, method)| both(&path, method)));
    }
    types
}

fn both<'a>(path: &[i32], method: &'a MethodDescriptorProto) -> [(Vec<i32>, &'a str); 2] {
    [
        (join(path, &[tag::METHOD_INPUT]), method.input_type()),
        (join(path, &[tag::METHOD_OUTPUT]), method.output_type()),
    ]
}
