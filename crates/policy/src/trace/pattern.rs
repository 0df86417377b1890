//! What gives variables their values, as `[name, _]` in `[name, _] := parts`, and whether a value
//! is of that form.

use std::collections::BTreeMap;

use regorus::Value;
use regorus::unstable::Expr;

use super::reference::part;
use super::syntax::value_of;

/// What a value is taken apart by.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// Takes anything.
    Any,
    /// Takes anything, and gives this variable its value.
    New(String),
    /// The same, unless the variable has a value already, which it then must be.
    Variable(String),
    /// This value.
    Equal(Value),
    /// As many elements.
    Array(Vec<Pattern>),
    /// An object with these keys.
    Object(Vec<(Value, Pattern)>),
    /// Something to be evaluated.
    Unknown,
}

/// What a variable has for a value.
pub(super) enum Bound {
    Free,
    To(Value),
    Unknown,
}

impl Pattern {
    /// The pattern that an expression is; whether its variables are new ones.
    pub(super) fn of(expr: &Expr, is_new: bool) -> Self {
        match expr {
            Expr::Var { span, .. } if span.text() == "_" => Self::Any,
            Expr::Var { span, .. } if is_new => Self::New(span.text().to_owned()),
            Expr::Var { span, .. } => Self::Variable(span.text().to_owned()),
            Expr::Array { items, .. } => {
                Self::Array(items.iter().map(|item| Self::of(item, is_new)).collect())
            }
            Expr::Object { fields, .. } => {
                let fields = fields.iter().map(|(_, key, value)| {
                    let Self::Equal(key) = Self::of(key, is_new) else {
                        return None;
                    };
                    Some((key, Self::of(value, is_new)))
                });
                let fields: Option<_> = fields.collect();
                fields.map_or(Self::Unknown, Self::Object)
            }
            _ => value_of(expr).map_or(Self::Unknown, Self::Equal),
        }
    }

    /// What the part of a value of this form that has these keys is, if it is always the same.
    pub(super) fn value_at(&self, keys: &[Value]) -> Option<Value> {
        let Some((first, rest)) = keys.split_first() else {
            return self.value();
        };
        match self {
            Self::Equal(value) => keys.iter().try_fold(value, part).cloned(),
            Self::Array(items) => {
                let place = usize::try_from(first.as_u64().ok()?).ok()?;
                items.get(place)?.value_at(rest)
            }
            Self::Object(fields) => {
                let (_, item) = fields.iter().find(|(key, _)| key == first)?;
                item.value_at(rest)
            }
            Self::Any | Self::New(_) | Self::Variable(_) | Self::Unknown => None,
        }
    }

    /// The only value of this form, if there is one only.
    fn value(&self) -> Option<Value> {
        match self {
            Self::Equal(value) => Some(value.clone()),
            Self::Array(items) => {
                let items = items.iter().map(Self::value);
                Some(items.collect::<Option<Vec<_>>>()?.into())
            }
            Self::Object(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(key, item)| Some((key.clone(), item.value()?)));
                Some(fields.collect::<Option<BTreeMap<_, _>>>()?.into())
            }
            Self::Any | Self::New(_) | Self::Variable(_) | Self::Unknown => None,
        }
    }

    /// Whether a value is of this form; none where that cannot be told.
    pub(super) fn matches(&self, value: &Value, bound: &dyn Fn(&str) -> Bound) -> Option<bool> {
        let form = self.fits(value, bound);
        let mut given = BTreeMap::new();
        let differs = form != Some(false) && !self.gives_one(value, &mut given);
        if differs { Some(false) } else { form }
    }

    /// Whether each of the variables gets one value only of a value of this form.
    fn gives_one<'a>(&'a self, value: &'a Value, given: &mut BTreeMap<&'a str, &'a Value>) -> bool {
        match self {
            Self::New(name) | Self::Variable(name) => *given.entry(name).or_insert(value) == value,
            Self::Array(items) => {
                let values = value.as_array().map_or([].as_slice(), |it| it.as_slice());
                let mut both = items.iter().zip(values);
                both.all(|(item, value)| item.gives_one(value, given))
            }
            Self::Object(fields) => {
                let mut fields = fields.iter();
                fields.all(|(key, item)| {
                    part(value, key).is_none_or(|value| item.gives_one(value, given))
                })
            }
            Self::Any | Self::Equal(_) | Self::Unknown => true,
        }
    }

    fn fits(&self, value: &Value, bound: &dyn Fn(&str) -> Bound) -> Option<bool> {
        let all = |mut results: Vec<Option<bool>>| {
            results.sort_by_key(|result| match result {
                Some(false) => 0,
                None => 1,
                Some(true) => 2,
            });
            results.first().copied().unwrap_or(Some(true))
        };
        match self {
            Self::Any | Self::New(_) => Some(true),
            Self::Unknown => None,
            Self::Equal(this) => Some(this == value),
            Self::Variable(name) => match bound(name) {
                Bound::Free => Some(true),
                Bound::To(this) => Some(this == *value),
                Bound::Unknown => None,
            },
            Self::Array(items) => {
                let Some(values) = value.as_array().ok().filter(|it| it.len() == items.len())
                else {
                    return Some(false);
                };
                let both = items.iter().zip(values.iter());
                all(both.map(|(item, value)| item.fits(value, bound)).collect())
            }
            Self::Object(fields) => {
                let Ok(values) = value.as_object() else {
                    return Some(false);
                };
                let field = |(key, item): &(Value, Self)| {
                    values
                        .get(key)
                        .map_or(Some(false), |value| item.fits(value, bound))
                };
                all(fields.iter().map(field).collect())
            }
        }
    }

    /// The keys of the part of a value that this gives a variable.
    pub(super) fn path_of(&self, name: &str) -> Option<Vec<Value>> {
        let within = |key: Value, item: &Self| {
            let rest = item.path_of(name)?;
            Some([key].into_iter().chain(rest).collect())
        };
        match self {
            Self::New(this) | Self::Variable(this) => (this == name).then(Vec::new),
            Self::Array(items) => {
                let mut items = (0_u64..).zip(items);
                items.find_map(|(place, item)| within(place.into(), item))
            }
            Self::Object(fields) => {
                let mut fields = fields.iter();
                fields.find_map(|(key, item)| within(key.clone(), item))
            }
            Self::Any | Self::Equal(_) | Self::Unknown => None,
        }
    }

    /// Whether this is where a variable is declared.
    pub(super) fn declares(&self, name: &str) -> bool {
        match self {
            Self::New(this) => this == name,
            Self::Array(items) => items.iter().any(|item| item.declares(name)),
            Self::Object(fields) => fields.iter().any(|(_, item)| item.declares(name)),
            Self::Any | Self::Variable(_) | Self::Equal(_) | Self::Unknown => false,
        }
    }

    /// What a variable gets of a value of this form.
    pub(super) fn find<'a>(&self, name: &str, value: &'a Value) -> Option<&'a Value> {
        match self {
            Self::New(this) | Self::Variable(this) => (this == name).then_some(value),
            Self::Array(items) => {
                let values = value.as_array().ok()?;
                let mut both = items.iter().zip(values.iter());
                both.find_map(|(item, value)| item.find(name, value))
            }
            Self::Object(fields) => {
                let values = value.as_object().ok()?;
                let mut fields = fields.iter();
                fields.find_map(|(key, item)| item.find(name, values.get(key)?))
            }
            Self::Any | Self::Equal(_) | Self::Unknown => None,
        }
    }
}
