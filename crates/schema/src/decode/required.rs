//! Fields that each message must have: proto2's `required`.

use super::{Element, Place, path_of};
use crate::descriptor::Type;
use crate::reflect::{Reflect, Value};

/// The path of the first required field that `message`, or a message in it, lacks.
pub fn missing_required(message: &dyn Reflect) -> Option<String> {
    missing(message, None)
}

fn missing(message: &dyn Reflect, outer: Option<&Place<'_>>) -> Option<String> {
    let fields = message.descriptor().fields.iter().enumerate();
    for (index, field) in fields {
        let is_message = matches!(field.ty, Type::Message(_));
        if !is_message && !field.options.required {
            continue;
        }
        let place = Place {
            outer,
            field,
            element: Element::None,
        };
        let found = match message.get(index) {
            None => field.options.required.then(|| path_of(Some(&place))),
            Some(Value::Message(inner)) => missing(inner, Some(&place)),
            Some(Value::List(list)) if is_message => (0..list.len()).find_map(|index| {
                let Some(Value::Message(inner)) = list.get(index) else {
                    return None;
                };
                let element = Element::Index(index);
                missing(inner, Some(&Place { element, ..place }))
            }),
            Some(Value::Map(map)) if is_message => map.entries().find_map(|(key, value)| {
                let Value::Message(inner) = value else {
                    return None;
                };
                let element = Element::Key(&key);
                missing(inner, Some(&Place { element, ..place }))
            }),
            Some(_) => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
