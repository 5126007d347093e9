//! What was said to the player and is not dismissed yet: the newest is shown, the others are a click away. What went
//! wrong stays until it is dismissed; of the rest the last few.

use crate::studio::desk::Remark;

/// So many that nothing is wrong with are kept.
const PLAIN: usize = 4;

/// So many in all: whoever has not read these will not read more.
const MOST: usize = 40;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Remarks {
    /// The oldest first; none twice.
    said: Vec<Remark>,
    /// Whether all of them are shown.
    is_open: bool,
}

impl Remarks {
    /// Says something. What was said before in the same words is not said twice.
    pub fn say(&mut self, remark: Remark) {
        self.said.retain(|said| said.text != remark.text);
        self.said.push(remark);
        let plain = self.said.iter().filter(|r| !r.wrong).count();
        if plain > PLAIN {
            self.forget(|r| !r.wrong);
        }
        if self.said.len() > MOST {
            self.forget(|_| true);
        }
    }

    fn forget(&mut self, which: impl Fn(&Remark) -> bool) {
        if let Some(oldest) = self.said.iter().position(which) {
            self.said.remove(oldest);
        }
    }

    /// The last.
    #[must_use]
    pub fn newest(&self) -> Option<&Remark> {
        self.said.last()
    }

    /// All of them, the newest first.
    pub fn all(&self) -> impl Iterator<Item = &Remark> {
        self.said.iter().rev()
    }

    /// How many there are besides the newest, and whether something is wrong with one of them.
    #[must_use]
    pub fn others(&self) -> (usize, bool) {
        (self.said.len().saturating_sub(1), self.all().skip(1).any(|r| r.wrong))
    }

    /// One of [`Remarks::all`] has been read; whether there was one.
    pub fn dismiss(&mut self, index: usize) -> bool {
        let at = self.said.len().checked_sub(index + 1);
        at.map(|at| self.said.remove(at));
        self.is_open &= self.said.len() > 1;
        at.is_some()
    }

    /// All have been read.
    pub fn clear(&mut self) {
        *self = Remarks::default();
    }

    /// Shows all of them, or the newest only.
    pub fn toggle(&mut self) {
        self.is_open = !self.is_open && self.said.len() > 1;
    }

    /// Whether all of them are shown.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(remarks: &mut Remarks, text: &str, wrong: bool) {
        remarks.say(Remark { text: text.to_owned(), wrong });
    }

    fn texts(remarks: &Remarks) -> Vec<&str> {
        remarks.all().map(|r| r.text.as_str()).collect()
    }

    #[test]
    fn what_went_wrong_stays_until_it_is_dismissed() {
        let mut remarks = Remarks::default();
        say(&mut remarks, "the disk is full", true);
        (0..10).for_each(|n| say(&mut remarks, &format!("saved {n}"), false));
        assert_eq!(remarks.newest().unwrap().text, "saved 9");
        assert_eq!(texts(&remarks), ["saved 9", "saved 8", "saved 7", "saved 6", "the disk is full"]);
        assert_eq!(remarks.others(), (4, true));
        assert!(remarks.dismiss(4) && !texts(&remarks).contains(&"the disk is full"));
        assert_eq!(remarks.others(), (3, false));
        (0..100).for_each(|n| say(&mut remarks, &format!("fault {n}"), true));
        assert_eq!((remarks.all().count(), remarks.newest().unwrap().text.as_str()), (MOST, "fault 99"));
    }

    #[test]
    fn the_same_words_are_said_once_and_come_to_the_top() {
        let mut remarks = Remarks::default();
        ["one", "two", "one"].into_iter().for_each(|text| say(&mut remarks, text, true));
        assert_eq!(texts(&remarks), ["one", "two"]);
    }

    #[test]
    fn all_are_shown_while_there_is_more_than_one() {
        let mut remarks = Remarks::default();
        assert!(!remarks.dismiss(0));
        say(&mut remarks, "one", true);
        remarks.toggle();
        assert!(!remarks.is_open());
        say(&mut remarks, "two", true);
        remarks.toggle();
        assert!(remarks.is_open() && remarks.dismiss(1) && !remarks.is_open());
        assert_eq!(texts(&remarks), ["two"]);
        remarks.clear();
        assert_eq!(remarks.newest(), None);
    }
}
