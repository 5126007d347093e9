//! `--listen`: the proof of the whole chain, a key that is pressed and arrives.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::cli::output::FAINT;
use crate::keyboard::link::{Link, Select, Wait};
use crate::keyboard::stream::{Clock, Event};
use crate::music::Message;
use crate::studio::doctor::Check;
use crate::studio::last_message;

const ID: &str = "listen";

/// Waits for the first messages.
pub(super) fn check(seconds: u64, port: Option<&str>, state: Option<&Path>) -> Check {
    let clock = Clock::start();
    let select = port.map_or(Select::Auto, |name| Select::Named(name.to_owned()));
    let (link, mut events) = match Link::open(select, Wait::No, clock) {
        Ok(opened) => opened,
        Err(error) => return Check::failure(ID, error.to_string(), "see the failures above"),
    };
    let _ = writeln!(anstream::stderr(), "{FAINT}press a key within {seconds} s ...{FAINT:#}");
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let (mut name, mut id) = (String::from("the keyboard"), String::new());
    let mut heard = Vec::new();
    while Instant::now() < deadline {
        events.drain(deadline.saturating_duration_since(Instant::now()), &mut heard);
        let (mut left, mut refused) = (false, None);
        let mut messages = Vec::new();
        for event in heard.drain(..) {
            match event {
                Event::Connected { name: port, id: port_id, .. } => (name, id) = (port, port_id),
                Event::Message { message, .. } => messages.push(message),
                Event::Disconnected { .. } => left = true,
                Event::Refused { reason, .. } => refused = Some(reason),
                Event::Overrun { .. } | Event::Ended { .. } => {}
            }
        }
        if let Some(last) = messages.last() {
            drop(link);
            if let Some(state) = state {
                let _ = last_message::remember(state, &id, last);
            }
            return Check::ok(ID, format!("{name} sent {}", describe(&messages)));
        }
        if let Some(reason) = refused {
            return Check::failure(
                ID,
                format!("{name} gives no connection: {reason}"),
                "close what else listens to it; `composer doctor` tells who does",
            );
        }
        if left {
            return Check::failure(ID, format!("{name} was unplugged while it was listened to"), "plug it in again");
        }
    }
    Check::failure(
        ID,
        format!("nothing came from {name} within {seconds} s"),
        "press keys while it waits; if nothing comes, another cable or socket",
    )
}

/// The first few messages, as bytes and in words.
fn describe(messages: &[Message]) -> String {
    let parts: Vec<String> = messages
        .iter()
        .take(3)
        .map(|m| {
            let bytes: Vec<String> = m.to_bytes().iter().take(8).map(|b| format!("{b:02x}")).collect();
            format!("{} ({})", bytes.join(" "), last_message::meaning(m))
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_as_bytes_and_in_words() {
        let on = Message::from_bytes(&[0x90, 60, 100]).unwrap();
        let wheel = Message::from_bytes(&[0xe0, 0, 64]).unwrap();
        assert_eq!(
            describe(&[on, wheel]),
            "90 3c 64 (note on C4, velocity 100, channel 1), e0 00 40 (pitch wheel 0, channel 1)"
        );
    }
}
