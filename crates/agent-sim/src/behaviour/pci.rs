//! Places on the PCI bus as requests name them. Nothing is looked for.

/// The largest slot number on a bus.
pub(super) const LAST_SLOT: u8 = 0x1f;
/// The largest number of a function in a slot.
const LAST_FUNCTION: u8 = 7;
/// From here on the first of three numbers or more is a bus of its own.
const FIRST_EXTRA_BUS: u8 = 0x20;

/// Whether a device's place can be read: hexadecimal slots with `/` between them,
/// each with a function after a `.` or without one.
///
/// # Errors
/// What the agent says of one that cannot.
pub(super) fn check_place(place: &str) -> Result<(), String> {
    let extra = place.split_once('/').filter(|(bus, rest)| {
        rest.contains('/') && u8::from_str_radix(bus, 16).is_ok_and(|bus| bus >= FIRST_EXTRA_BUS)
    });
    let (slots, kind) = match extra {
        Some((_, rest)) => (rest, "NUMA path "),
        None => (place, ""),
    };
    match slots.split('/').all(is_slot) {
        true => Ok(()),
        false => Err(format!("Failed to parse PCI path from {kind}'{place}'")),
    }
}

fn is_slot(text: &str) -> bool {
    let (slot, function) = text.split_once('.').unwrap_or((text, "0"));
    let within = |text, last| u8::from_str_radix(text, 16).is_ok_and(|number| number <= last);
    within(slot, LAST_SLOT) && within(function, LAST_FUNCTION)
}

#[cfg(test)]
mod tests {
    use super::check_place;

    #[test]
    fn places_are_read() {
        for right in ["02", "00/02", "02/00/01", "1f.7", "20/00/02", "ff/1f/0.1"] {
            assert_eq!(check_place(right), Ok(()));
        }
        for wrong in ["", "zz", "20", "20/00", "0.8", "1.2.3", "02/", "-1"] {
            let expected = format!("Failed to parse PCI path from '{wrong}'");
            assert_eq!(check_place(wrong), Err(expected));
        }
        let expected = "Failed to parse PCI path from NUMA path '20/00/zz'";
        assert_eq!(check_place("20/00/zz"), Err(expected.to_owned()));
    }
}
