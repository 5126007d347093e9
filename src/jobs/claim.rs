//! Becoming the one who works on a job, and saying how it ended: both are written once, by one of all.

use uuid::Uuid;

use super::job::{Claim, Ending, JobId, Object};
use super::patience::{once, patiently, to_json};
use crate::store::{self, Attributes, Objects};

/// Claims an attempt; answers whether it is ours.
///
/// # Errors
/// When the store cannot say; then the attempt is left alone, and its lease runs out.
pub fn claim(store: &dyn Objects, id: JobId, attempt: u32, owner: &str) -> Result<bool, store::Error> {
    let claim = Claim { owner: owner.to_owned(), token: Uuid::new_v4() };
    once(store, &id.object(Object::claim(attempt)), &to_json(&claim), &Attributes::default())
}

/// Says how a job ended; answers whether it ended so, or had ended before in another way. Then nobody need
/// look at it any more.
///
/// # Errors
/// When the store cannot say.
pub fn end(store: &dyn Objects, id: JobId, ending: &Ending) -> Result<bool, store::Error> {
    let ours = once(store, &id.object(Object::RESULT), &to_json(ending), &Attributes::default())?;
    close(store, id)?;
    Ok(ours)
}

/// Takes the mark of an open job away.
///
/// # Errors
/// When it may still be there; whoever comes across it takes it away.
pub fn close(store: &dyn Objects, id: JobId) -> Result<(), store::Error> {
    patiently(|| store.delete(&id.open_mark()))
}
