//! Which port is meant.

use super::Select;
use crate::keyboard::ports::Port;

/// Why no port was chosen. The texts name what there is to choose from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Nothing that could be a keyboard.
    #[error("no MIDI keyboard is connected{}", other_ports(.others))]
    NoKeyboard {
        /// Ports that are there but were not taken, because no device is behind them.
        others: Vec<String>,
    },
    /// No port of that name.
    #[error("no MIDI input `{wanted}`; there {}", these(.choices))]
    NoSuchPort {
        /// What was asked for.
        wanted: String,
        /// What is there, as "id (name)".
        choices: Vec<String>,
    },
    /// Several keyboards, none of them an AKM322, or several AKM322.
    #[error("more than one keyboard could be meant: {}; choose one with `--port`", .choices.join(", "))]
    SeveralKeyboards {
        /// Those, as "id (name)".
        choices: Vec<String>,
    },
    /// Several ports of that name.
    #[error("`{wanted}` could mean {}; give the whole id", .choices.join(", "))]
    SeveralNamed {
        /// What was asked for.
        wanted: String,
        /// Those, as "id (name)".
        choices: Vec<String>,
    },
}

impl ChoiceError {
    /// Whether a port that comes later can settle it; else the user has to say more.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(self, ChoiceError::NoKeyboard { .. } | ChoiceError::NoSuchPort { .. })
    }
}

fn other_ports(others: &[String]) -> String {
    match others {
        [] => String::new(),
        some => format!("; `--port` can take {}", some.join(", ")),
    }
}

fn these(choices: &[String]) -> String {
    match choices {
        [] => "is none at all".to_owned(),
        [one] => format!("is {one}"),
        some => format!("are {}", some.join(", ")),
    }
}

fn described<'a>(ports: impl IntoIterator<Item = &'a Port>) -> Vec<String> {
    ports.into_iter().map(|p| format!("{} ({})", p.id, p.name)).collect()
}

/// The port that is meant by `select`.
pub(super) fn choose<'a>(ports: &'a [Port], select: &Select) -> Result<&'a Port, ChoiceError> {
    match select {
        Select::Auto => {
            // Several ports of one device: the first is the keys', the others are for its editor.
            let first_of_device = |p: &&Port| match (p.card, p.address) {
                (Some(card), Some(address)) => {
                    !ports.iter().any(|q| q.card == Some(card) && q.address.is_some_and(|a| a < address))
                }
                _ => true,
            };
            let akm322: Vec<&Port> = ports.iter().filter(|p| p.akm322.is_some()).filter(first_of_device).collect();
            let hardware: Vec<&Port> = ports.iter().filter(|p| p.hardware).filter(first_of_device).collect();
            match (akm322.as_slice(), hardware.as_slice()) {
                ([one], _) | ([], [one]) => Ok(one),
                ([], []) => Err(ChoiceError::NoKeyboard { others: described(ports) }),
                ([], several) | (several, _) => {
                    Err(ChoiceError::SeveralKeyboards { choices: described(several.iter().copied()) })
                }
            }
        }
        Select::Named(wanted) => {
            if let Some(exact) = ports.iter().find(|p| p.id == *wanted) {
                return Ok(exact);
            }
            let of_id: Vec<&Port> = ports.iter().filter(|p| p.has_id(wanted)).collect();
            let lower = wanted.to_lowercase();
            let of_name = || ports.iter().filter(|p| p.name.to_lowercase().contains(&lower)).collect();
            let found: Vec<&Port> = if of_id.is_empty() { of_name() } else { of_id };
            match found.as_slice() {
                [one] => Ok(one),
                [] => Err(ChoiceError::NoSuchPort { wanted: wanted.clone(), choices: described(ports) }),
                some => {
                    Err(ChoiceError::SeveralNamed { wanted: wanted.clone(), choices: described(some.iter().copied()) })
                }
            }
        }
    }
}

/// Those of its kind that are there while `gone` is not: other keyboards, whatever comes later.
pub(super) fn twins(ports: &[Port], gone: &Port) -> Vec<Port> {
    ports.iter().filter(|p| p.base_id() == gone.base_id() && !is_at(p, gone)).cloned().collect()
}

/// The port of a keyboard that was connected before: in the same USB socket if it is there, else
/// in any other, unless that is a twin's or `select` names the socket.
pub(super) fn find_again<'a>(ports: &'a [Port], before: &Port, twins: &[Port], select: &Select) -> Option<&'a Port> {
    let socket_named = matches!((select, &before.usb_path), (Select::Named(wanted), Some(path))
        if wanted.strip_prefix(before.base_id()).and_then(|rest| rest.strip_prefix('@')) == Some(path));
    let mut alike =
        ports.iter().filter(|p| p.base_id() == before.base_id() && !twins.iter().any(|twin| is_at(p, twin)));
    let same = alike.clone().find(|p| is_at(p, before));
    same.or_else(|| alike.next().filter(|_| !socket_named))
}

/// Whether a port is where the other one is or was: its USB socket tells, else the system's id.
fn is_at(port: &Port, other: &Port) -> bool {
    match (&port.usb_path, &other.usb_path) {
        (None, None) => port.midir_id == other.midir_id,
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyboard::ports::tests::port;

    fn through() -> Port {
        Port { hardware: false, ..port("midi-through-0", "Midi Through Port-0") }
    }

    fn named(s: &str) -> Select {
        Select::Named(s.to_owned())
    }

    #[test]
    fn the_akm322_comes_before_other_keyboards() {
        let ports = [through(), port("mpk-mini-0", "MPK mini"), port("akm322-0", "AKM322 MIDI 1")];
        assert_eq!(choose(&ports, &Select::Auto).unwrap().id, "akm322-0");
    }

    #[test]
    fn the_only_other_keyboard_is_taken_and_a_through_port_never() {
        assert_eq!(choose(&[through(), port("mpk-mini-0", "MPK")], &Select::Auto).unwrap().id, "mpk-mini-0");
        let error = choose(&[through()], &Select::Auto).unwrap_err();
        assert!(error.is_absence() && error.to_string().contains("midi-through-0"), "{error}");
    }

    #[test]
    fn a_keyboard_with_two_ports_is_one_keyboard() {
        let of = |n: i32| Port { card: Some(1), address: Some((24, n)), ..port(&format!("mpk-{n}"), "MPK") };
        assert_eq!(choose(&[of(0), of(1)], &Select::Auto).unwrap().id, "mpk-0");
    }

    #[test]
    fn two_keyboards_are_a_question_that_names_both() {
        let error = choose(&[port("a-0", "A"), port("b-0", "B")], &Select::Auto).unwrap_err();
        assert!(!error.is_absence());
        assert!(error.to_string().contains("a-0 (A), b-0 (B)"), "{error}");
    }

    #[test]
    fn a_port_is_found_by_id_or_by_part_of_its_name() {
        let ports = [through(), port("akm322-0", "AKM322 MIDI 1")];
        assert_eq!(choose(&ports, &named("midi-through-0")).unwrap().id, "midi-through-0");
        assert_eq!(choose(&ports, &named("akm")).unwrap().id, "akm322-0");
        let error = choose(&ports, &named("midi")).unwrap_err().to_string();
        assert!(error.contains("midi-through-0") && error.contains("akm322-0"), "{error}");
        let error = choose(&ports, &named("roland")).unwrap_err().to_string();
        assert!(error.contains("`roland`") && error.contains("akm322-0"), "{error}");
    }

    #[test]
    fn a_keyboard_is_found_again_in_another_socket() {
        let at = |path: &str| Port { usb_path: Some(path.to_owned()), ..port("akm322-0", "AKM322 MIDI 1") };
        let again = |ports: &[Port]| find_again(ports, &at("1-1"), &[], &Select::Auto).cloned();
        assert_eq!(again(&[at("1-2")]).unwrap().usb_path.as_deref(), Some("1-2"));
        let twin = Port { id: "akm322-0@1-1".to_owned(), ..at("1-1") };
        let other = Port { id: "akm322-0@1-2".to_owned(), ..at("1-2") };
        assert_eq!(again(&[other, twin]).unwrap().id, "akm322-0@1-1");
        assert!(again(&[through()]).is_none());
    }

    #[test]
    fn a_twin_that_was_there_all_along_is_not_the_keyboard_that_left() {
        let at = |path: &str| Port { usb_path: Some(path.to_owned()), ..port("akm322-0", "AKM322 MIDI 1") };
        let mine = Port { id: "akm322-0@1-1".to_owned(), ..at("1-1") };
        let twins = twins(&[at("1-2"), through()], &mine);
        let again = |ports: &[Port]| find_again(ports, &mine, &twins, &Select::Auto).and_then(|p| p.usb_path.clone());
        assert_eq!(again(&[at("1-2")]), None);
        assert_eq!(again(&[at("1-2"), at("1-3")]).as_deref(), Some("1-3"));
        assert_eq!(again(&[at("1-2"), at("1-3"), at("1-1")]).as_deref(), Some("1-1"));
    }

    #[test]
    fn whoever_names_a_socket_gets_no_other() {
        let at = |path: &str| Port { usb_path: Some(path.to_owned()), ..port("akm322-0", "AKM322 MIDI 1") };
        for (select, found) in
            [(named("akm322-0@1-1"), false), (named("akm322-0"), true), (named("AKM"), true), (Select::Auto, true)]
        {
            assert_eq!(find_again(&[at("1-3")], &at("1-1"), &[], &select).is_some(), found, "{select:?}");
            assert!(find_again(&[at("1-3"), at("1-1")], &at("1-1"), &[], &select).is_some());
        }
    }

    #[test]
    fn programs_of_one_name_are_twins_by_the_systems_id() {
        let of = |id: &str, midir_id: &str| Port { midir_id: midir_id.to_owned(), ..port(id, "A") };
        let twins = twins(&[of("a-0", "129:0")], &of("a-0", "128:0"));
        let again = |ports: &[Port]| find_again(ports, &of("a-0", "128:0"), &twins, &Select::Auto).cloned();
        assert_eq!(again(&[of("a-0", "129:0")]), None);
        assert_eq!(again(&[of("a-0", "129:0"), of("a-0#2", "130:0")]).unwrap().midir_id, "130:0");
    }
}
