//! Where the expressions of a policy stand in its text. The engine's spans leave the quotes of
//! strings out, begin an object at its last key, and end `set()` with what follows it.

use std::collections::BTreeSet;
use std::rc::Rc;

use regorus::unstable::{Expr, Module};

use super::syntax::{each_of_module, one_line};

/// The text of a policy, and where its strings are.
#[derive(Clone)]
pub(super) struct Source<'a> {
    text: &'a str,
    strings: Rc<Strings>,
}

/// Where the text of strings begins and ends, without the quotes.
#[derive(Default)]
struct Strings {
    starts: BTreeSet<usize>,
    ends: BTreeSet<usize>,
}

impl<'a> Source<'a> {
    pub(super) fn new(module: &'a Module) -> Self {
        let mut strings = Strings::default();
        each_of_module(module, &mut |expr| {
            if let Expr::String { span, .. } | Expr::RawString { span, .. } = expr {
                strings.starts.insert(span.start as usize);
                strings.ends.insert(span.end as usize);
            }
        });
        Self {
            text: module.package.refr.span().source.contents(),
            strings: Rc::new(strings),
        }
    }

    /// How long the text is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// What stands from one place to another.
    pub(super) fn raw(&self, (start, end): (usize, usize)) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The same on one line, without comments.
    pub(super) fn text(&self, (start, end): (usize, usize)) -> String {
        let mut text = String::new();
        let mut done = start;
        while let Some(found) = self.raw((done, end)).find('#') {
            let sign = done + found;
            let rest = self.raw((sign, end));
            let (kept, next) = match self.is_in_string(sign) {
                true => (sign + 1, sign + 1),
                false => (sign, sign + rest.find('\n').unwrap_or(rest.len())),
            };
            text.push_str(self.raw((done, kept)));
            done = next;
        }
        text.push_str(self.raw((done, end)));
        one_line(&text)
    }

    fn is_in_string(&self, place: usize) -> bool {
        let start = self.strings.starts.range(..=place).next_back();
        let end = start.and_then(|start| self.strings.ends.range(start..).next());
        end.is_some_and(|end| place < *end)
    }

    /// The first line of what begins at a place, without the brace that ends it.
    pub(super) fn first_line(&self, start: u32) -> String {
        let rest = self.raw((start as usize, self.len()));
        let start = start as usize;
        let end = start + rest.lines().next().map_or(0, str::len);
        let line = self.text((start, end));
        line.trim_end_matches(['{', ' ']).to_owned()
    }

    /// Where a span begins and ends, quotes included.
    pub(super) fn place(&self, start: u32, end: u32) -> (usize, usize) {
        let (start, end) = (start as usize, end as usize);
        (
            start - usize::from(self.strings.starts.contains(&start)),
            end + usize::from(self.strings.ends.contains(&end)),
        )
    }

    /// Where an expression begins and ends, unless that cannot be told.
    pub(super) fn extent(&self, expr: &Expr) -> Option<(usize, usize)> {
        let span = expr.span();
        let (start, end) = self.place(span.start, span.end);
        let start = match expr {
            Expr::Object { fields, .. } if !fields.is_empty() => {
                let first = fields.first()?.1.span();
                let (first, _) = self.place(first.start, first.end);
                let before = self.text.get(..first)?.trim_end();
                before.ends_with('{').then_some(before.len() - 1)?
            }
            _ => start,
        };
        let end = match expr {
            // The empty set, `set()`.
            Expr::Set { items, .. } if items.is_empty() => {
                start + self.text.get(start..end)?.find(')')? + 1
            }
            _ => end,
        };
        self.text.get(start..end).map(|_| (start, end))
    }

    /// An expression on one line.
    pub(super) fn text_of(&self, expr: &Expr) -> String {
        self.extent(expr)
            .map(|at| self.text(at))
            .unwrap_or_default()
    }
}
