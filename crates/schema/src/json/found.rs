//! The visitor methods that refuse a JSON value of the wrong kind, with what an
//! error calls it. Knows no fields.

/// Refuses the named kinds of values in a `Visitor` that has a method
/// `fn refuse<E: de::Error>(self, found: String) -> E`.
macro_rules! refuse {
    ($($kind:ident)*) => { $($crate::json::found::refuse!(@ $kind);)* };
    (@ bool) => {
        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
            Err(self.refuse(value.to_string()))
        }
    };
    (@ number) => {
        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
            Err(self.refuse(value.to_string()))
        }
        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
            Err(self.refuse(value.to_string()))
        }
        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
            Err(self.refuse(value.to_string()))
        }
    };
    (@ string) => {
        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
            Err(self.refuse(agent_text::excerpt::Excerpt(value).to_string()))
        }
    };
    (@ null) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Err(self.refuse("null".to_owned()))
        }
    };
    (@ list) => {
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(self.refuse("a list".to_owned()))
        }
    };
    (@ object) => {
        fn visit_map<A: serde::de::MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(self.refuse("an object".to_owned()))
        }
    };
}

pub(super) use refuse;
