//! Descriptors without all that neither shapes a struct nor its wire form.

use protobuf::MessageField;
use protobuf::descriptor::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FieldOptions,
    MessageOptions,
    field_descriptor_proto::{Label, Type},
};

/// Leaves of a message itself what it holds.
pub(super) fn strip_message(message: &mut DescriptorProto) {
    let mut options = MessageOptions::new();
    options.map_entry = message.options.get_or_default().map_entry;
    message.options = MessageField::some(options);
    message.extension.clear();
    message.extension_range.clear();
    message.reserved_range.clear();
    message.reserved_name.clear();
}

/// Leaves of an enum its values.
pub(super) fn strip_enumeration(enumeration: &mut EnumDescriptorProto) {
    for value in &mut enumeration.value {
        value.options = MessageField::none();
    }
    let mut options = EnumOptions::new();
    options.allow_alias = enumeration.options.get_or_default().allow_alias;
    enumeration.options = MessageField::some(options);
    enumeration.reserved_range.clear();
    enumeration.reserved_name.clear();
}

/// Leaves of a field what shapes its struct's field and its wire form.
pub(super) fn strip_field(field: &mut FieldDescriptorProto, name: &str) {
    let mut options = FieldOptions::new();
    options.packed = field.options.get_or_default().packed;
    if field.label() == Label::LABEL_REPEATED && field.type_() == Type::TYPE_ENUM {
        // The protobuf crate (3.7.2) gives a packed list with a negative enum value a
        // wrong length. Every decoder takes the list one by one as well.
        options.packed = Some(false);
    }
    field.options = MessageField::from_option(options.packed.map(|_| options));
    field.default_value = None;
    // JSON names and names of different fields must not meet there.
    field.set_json_name(name.to_owned());
    field.set_name(name.to_owned());
    if field.label() == Label::LABEL_REQUIRED {
        // A message with one missing could not even be printed.
        field.set_label(Label::LABEL_OPTIONAL);
    }
}
