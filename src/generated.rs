//! What the build made of the proto files: their message structs and the table
//! over them. Only the table is to be used; which messages there are depends on
//! the build.

include!(concat!(env!("OUT_DIR"), "/table.rs"));

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use std::collections::BTreeSet;

    use super::SCHEMA;
    use crate::schema::{Message, Type};

    #[test]
    fn the_table_agrees_with_itself() {
        let messages: BTreeSet<&str> = SCHEMA.messages.iter().map(|m| m.full_name).collect();
        let enums: BTreeSet<&str> = SCHEMA.enums.iter().map(|e| e.full_name).collect();
        assert!(SCHEMA.messages.is_sorted_by_key(|m| m.full_name));
        assert!(SCHEMA.enums.is_sorted_by_key(|e| e.full_name));
        let known = |message: &Message| messages.contains(message.full_name);
        for service in SCHEMA.services {
            for rpc in service.rpcs {
                assert!(known(rpc.request) && known(rpc.response), "{}", rpc.path());
                assert_eq!((rpc.service, rpc.file), (service.full_name, service.file));
            }
        }
        for message in SCHEMA.messages {
            for field in message.fields {
                let found = match field.ty {
                    Type::Message(message) => known(message),
                    Type::Enum(enumeration) => enums.contains(enumeration.full_name),
                    Type::Scalar(_) => true,
                };
                assert!(found, "{}.{}", message.full_name, field.name);
                assert!(field.oneof.is_none_or(|oneof| oneof < message.oneofs.len()));
            }
        }
    }

    #[test]
    fn every_field_of_every_message_can_be_set_and_cleared() {
        for message in SCHEMA.messages {
            let mut value = (message.new)();
            assert_eq!(value.descriptor().full_name, message.full_name);
            for (index, field) in message.fields.iter().enumerate() {
                let name = format!("{}.{}", message.full_name, field.name);
                assert_eq!(value.get(index).is_none(), field.has_presence(), "{name}");
                assert!(value.get_mut(index).is_some(), "{name}");
                assert!(value.get(index).is_some(), "{name}");
                value.clear(index);
                assert_eq!(value.get(index).is_none(), field.has_presence(), "{name}");
            }
            let end = message.fields.len();
            assert!(value.get(end).is_none() && value.get_mut(end).is_none());
            value.clear(end);
            let mut bytes = Vec::new();
            value.encode_into(&mut bytes).unwrap();
            assert_eq!(bytes, [0_u8; 0], "{}", message.full_name);
        }
    }
}
