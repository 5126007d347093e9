//! One job that somebody else found: a queue names it, and wants to know whether it may forget it.

use super::attempt::{self, Made};
use super::scout::{Found, LOST, Scout, settle};
use super::{Stop, Teller, Told, Worker};
use crate::jobs::Error;
use crate::jobs::claim::end;
use crate::jobs::job::{Class, Ending, Fault, JobId, Outcome, Stages};
use crate::jobs::patience::listing;
use crate::jobs::state::{self, Listed, State};

/// What is to be done with the word that there is a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It can be forgotten: the job has ended, or is not there.
    Ended,
    /// It is to come again: the job has not ended, and who works on it now may vanish.
    Again,
}

impl Worker {
    /// Works on a job if nobody else does.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn one(&self, id: JobId, stop: &Stop, teller: Teller<'_>) -> Result<Fate, Error> {
        // A queue hears of a job when it is complete: one that is not will not become so.
        match Scout::new(self).look(id, LOST)? {
            Found::Job(job) => match attempt::make(self, *job, stop, teller) {
                Made::Ended => Ok(Fate::Ended),
                Made::Left => self.fate(id),
                Made::Refused(e) => {
                    teller(Told::Left { id, why: e.to_string() });
                    self.fate(id)
                }
            },
            Found::NothingNow | Found::NothingOpen => Ok(Fate::Again),
            Found::Settled(ended) => {
                if let Some((id, how)) = ended {
                    teller(Told::Ended { id, how, seconds: 0.0 });
                }
                self.fate(id)
            }
        }
    }

    /// Says that a job has failed which its queue has given up, so that its client does not wait in vain.
    ///
    /// # Errors
    /// When the store cannot be asked, or does not take it.
    pub fn bury(&self, id: JobId, teller: Teller<'_>) -> Result<Fate, Error> {
        let listed = self.listed(id)?;
        match listed.state {
            State::Ended | State::Arriving => return Ok(Fate::Ended),
            State::Running { .. } | State::Cancelling { .. } => return Ok(Fate::Again),
            State::Cancelled | State::Exhausted { .. } => drop(settle(&*self.store, &listed)?),
            State::Claimable { attempt } => {
                let message = format!("its queue gave it up; it was begun {} times", attempt - 1);
                let outcome = Outcome::Failed { fault: Fault { class: Class::Internal, message } };
                end(&*self.store, id, &Ending::new(outcome, attempt - 1, Stages::default()))?;
            }
        }
        teller(Told::Ended { id, how: "given up".to_owned(), seconds: 0.0 });
        Ok(Fate::Ended)
    }

    fn fate(&self, id: JobId) -> Result<Fate, Error> {
        match self.listed(id)?.state {
            State::Ended | State::Arriving => Ok(Fate::Ended),
            _ => Ok(Fate::Again),
        }
    }

    fn listed(&self, id: JobId) -> Result<Listed, Error> {
        let (objects, now) = listing(&*self.store, &id.prefix(), None)?;
        Ok(state::job(id, &objects, now, self.timing.lease))
    }
}
