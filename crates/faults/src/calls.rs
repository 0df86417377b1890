//! Which calls of its RPC a rule is for: all of them, some by their number, or
//! some by chance. It knows neither the RPC nor what the rule does.

use agent_text::excerpt::Excerpt;

use super::dice::Dice;

/// A choice among an RPC's calls, which count from 1 when the rule is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Calls {
    /// Each of them.
    All,
    /// Those from the first number to the second, both included.
    Between(u64, u64),
    /// So many of them in a hundred, 0 to 100.
    Percent(f64),
}

/// Why a text does not choose any calls.
#[derive(Debug, thiserror::Error)]
pub enum CallsError {
    /// It has no such form.
    #[error(
        "[{}] does not choose any calls: write [3], [2..4], [5..] or [..4] for calls by their number, \
         or [10%] for a chance", Excerpt(.0)
    )]
    Form(String),
    /// The number 0.
    #[error("[{0}]: calls are counted from 1")]
    Zero(String),
    /// The second number is below the first.
    #[error("[{0}]: no call is between these numbers")]
    Empty(String),
    /// Not within 0 to 100.
    #[error("[{0}]: a chance is 0% to 100%")]
    Chance(String),
}

impl Calls {
    /// Reads what stands between brackets.
    pub(super) fn parse(text: &str) -> Result<Calls, CallsError> {
        let form = || CallsError::Form(text.to_owned());
        if let Some(number) = text.strip_suffix('%') {
            let plain = |c: char| c.is_ascii_digit() || c == '.';
            if !number.chars().all(plain) {
                return Err(form());
            }
            let percent: f64 = number.parse().map_err(|_| form())?;
            if percent > 100.0 {
                return Err(CallsError::Chance(text.to_owned()));
            }
            return Ok(Calls::Percent(percent));
        }
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
            match digits.parse() {
                Ok(0) => Err(CallsError::Zero(text.to_owned())),
                Ok(number) if plain => Ok(number),
                _ => Err(form()),
            }
        };
        let (first, last) = match text.split_once("..") {
            None => (number(text)?, number(text)?),
            Some(("", "")) => return Err(form()),
            Some((first, "")) => (number(first)?, u64::MAX),
            Some(("", last)) => (1, number(last)?),
            Some((first, last)) => (number(first)?, number(last)?),
        };
        if first > last {
            return Err(CallsError::Empty(text.to_owned()));
        }
        Ok(Calls::Between(first, last))
    }

    /// Whether the rule with this number is for its call with that number.
    pub(super) fn include(self, dice: Dice, rule: u64, call: u64) -> bool {
        match self {
            Calls::All => true,
            Calls::Between(first, last) => (first..=last).contains(&call),
            Calls::Percent(percent) => {
                // 53 bits, as many as a fraction holds exactly.
                let throw = dice.throw(rule, call) >> 11;
                #[expect(clippy::cast_precision_loss, reason = "it is below 2 to the 53")]
                let fraction = throw as f64 / (1_u64 << 53) as f64;
                fraction * 100.0 < percent
            }
        }
    }

    /// Whether it depends on the seed.
    pub(super) fn by_chance(self) -> bool {
        matches!(self, Calls::Percent(_))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for (text, calls) in [
            ("3", Calls::Between(3, 3)),
            ("2..4", Calls::Between(2, 4)),
            ("5..", Calls::Between(5, u64::MAX)),
            ("..4", Calls::Between(1, 4)),
            ("10%", Calls::Percent(10.0)),
            ("0.5%", Calls::Percent(0.5)),
            ("100%", Calls::Percent(100.0)),
        ] {
            assert_eq!(Calls::parse(text).unwrap(), calls, "{text}");
        }
    }

    #[test]
    fn mistakes() {
        let form = "does not choose any calls: write [3], [2..4], [5..] or [..4] for calls by their \
                    number, or [10%] for a chance";
        for text in [
            "", "x", "..", "-1", "+1", "1.5", "1..x", "%", "-1%", "1e1%", "inf%", "1...2",
        ] {
            let expected = format!("[{text:?}] {form}");
            let message = Calls::parse(text).unwrap_err().to_string();
            assert_eq!(message, expected);
        }
        for (text, message) in [
            ("0", "[0]: calls are counted from 1"),
            ("0..2", "[0..2]: calls are counted from 1"),
            ("3..2", "[3..2]: no call is between these numbers"),
            ("101%", "[101%]: a chance is 0% to 100%"),
        ] {
            assert_eq!(Calls::parse(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn calls_by_number_and_by_chance() {
        let dice = Dice::new(1);
        let chosen = |calls: Calls| {
            let included = (1..=1000).filter(|call| calls.include(dice, 0, *call));
            included.collect::<Vec<_>>()
        };
        assert_eq!(chosen(Calls::Between(2, 4)), [2, 3, 4]);
        assert_eq!(chosen(Calls::All).len(), 1000);
        assert_eq!(chosen(Calls::Percent(0.0)).len(), 0);
        assert_eq!(chosen(Calls::Percent(100.0)).len(), 1000);
        let tenth = chosen(Calls::Percent(10.0)).len();
        assert!((60..140).contains(&tenth), "{tenth}");
    }
}
