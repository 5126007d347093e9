//! The screen over a store in a folder, with what happens beside it done here.

use iced_test::Simulator;

use super::*;
use crate::gui::now::Now;
use crate::gui::screen::bench;
use crate::studio::compose::sample::SAMPLES;
use crate::studio::jobs::board::JobState;

struct Bench {
    screen: Jobs,
    now: Now,
    board: Board,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Bench> {
        let (now, folder) = bench::room()?;
        let board = Board::open(&now.settings, now.folders.as_ref().unwrap()).unwrap();
        let mut bench = Bench { screen: Jobs::default(), now, board, _folder: folder };
        let _ = bench.screen.enter(&bench.now);
        bench.tell(Message::Opened(1, Ok(bench.board.clone())));
        bench.look();
        Some(bench)
    }

    fn tell(&mut self, message: Message) -> Action<Message> {
        self.screen.update(message, &self.now)
    }

    fn look(&mut self) {
        let jobs = self.board.list().map_err(|e| e.to_string());
        self.tell(Message::Listed(1, jobs));
    }

    fn shown(&self) -> Simulator<'_, Message> {
        bench::shown(self.screen.view(&self.now))
    }

    fn clicks(&self, words: &str) -> Vec<String> {
        bench::clicks(self.shown(), words)
    }
}

#[test]
fn what_is_submitted_is_shown_and_cancelled_and_done_again() {
    let Some(mut bench) = Bench::new() else { return };
    assert!(bench.shown().find("No jobs").is_ok());
    let melody = SAMPLES[0].melody().unwrap();
    let id = bench.board.submit("Ode", &melody, &Request::default()).unwrap();
    bench.look();
    assert!(bench.shown().find("waits for a worker").is_ok());
    assert_eq!((bench.clicks("Cancel"), bench.screen.under_way()), (vec!["Cancel(0)".to_owned()], 1));
    bench.board.cancel(id).unwrap();
    bench.look();
    assert_eq!((bench.clicks("Again"), bench.screen.under_way()), (vec!["Retry(0)".to_owned()], 0));
    assert_eq!(bench.clicks("Remove"), ["Remove(0)"]);
}

#[test]
fn what_has_come_of_a_job_is_said_in_words() {
    let Some(mut bench) = Bench::new() else { return };
    bench.board.submit("Ode", &SAMPLES[0].melody().unwrap(), &Request::default()).unwrap();
    bench.look();
    let running = JobState::Running { share: 0.5, stage: "composing", partial: true };
    for (state, words, button) in [
        (running, "composing, 50 %", "Listen"),
        (JobState::Done(2), "2 compositions", "Fetch"),
        (
            JobState::Failed("all four voices are there already".to_owned()),
            "failed: all four voices are there already",
            "Again",
        ),
    ] {
        bench.screen.jobs[0].state = state;
        assert!(bench.shown().find(words).is_ok(), "{words}");
        bench.clicks(button);
    }
    bench.tell(Message::Did(1, Err("the store is full".to_owned())));
    assert!(bench.shown().find("the store is full").is_ok());
}

#[test]
fn another_store_is_a_change_of_the_settings() {
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Typed(" /mnt/jobs ".to_owned()));
    let change = bench.tell(Message::Set);
    assert!(matches!(change, Action::Change(Change::Store(Some(s))) if s == "/mnt/jobs"));
    bench.tell(Message::Typed(String::new()));
    assert!(matches!(bench.tell(Message::Set), Action::Change(Change::Store(None))));
    // Answers of the store before are not taken for this one's.
    let _ = bench.screen.moved(&bench.now);
    bench.tell(Message::Listed(1, Ok(Vec::new())));
    assert!(!bench.screen.read);
}

#[test]
fn a_check_speaks_plainly_and_goes_when_it_is_read() {
    let Some(mut bench) = Bench::new() else { return };
    assert_eq!(bench.clicks("Check"), ["Check"]);
    let _ = bench.tell(Message::Check);
    assert!(bench.shown().find("Checking …").is_ok());
    let found = Board::check(&bench.now.settings, bench.now.folders.as_ref().unwrap());
    bench.tell(Message::Checked(1, found));
    for words in ["The store is fit for jobs.", "what is written is read back", "all are rightly described"] {
        assert!(bench.shown().find(words).is_ok(), "{words}");
    }
    assert_eq!(bench.clicks("Close"), ["Dismiss"]);
    bench.tell(Message::Dismiss);
    assert!(bench.shown().find("The store is fit for jobs.").is_err());
    bench.tell(Message::Checked(1, Err("it does not answer".to_owned())));
    assert!(bench.shown().find("it does not answer").is_ok());
}

#[test]
fn a_folder_has_no_links_and_a_bucket_has() {
    let Some(mut bench) = Bench::new() else { return };
    bench.board.submit("Ode", &SAMPLES[0].melody().unwrap(), &Request::default()).unwrap();
    bench.look();
    bench.screen.jobs[0].state = JobState::Done(1);
    assert!(bench.shown().find("Share").is_err());
    bench.screen.board.as_mut().unwrap().has_links = true;
    assert_eq!(bench.clicks("Share"), ["Share(0)"]);
    let until = "2026-11-28T12:00:00Z".parse().unwrap();
    let link = "https://bucket/shared/1/index.html?X-Amz-Signature=1".to_owned();
    bench.tell(Message::Shared(1, Ok(Shared { name: "Ode".to_owned(), link: link.clone(), until })));
    let words = "Whoever has this link can listen to Ode until 28 November 2026, 12:00 UTC.";
    assert!(bench.shown().find(words).is_ok());
    assert_eq!(bench.clicks("Copy link"), [format!("Copy({link:?})")]);
}
