//! Which store it is: addresses come to mean other stores, and every `composer serve` calls its bucket the same.
//!
//! A store's name for itself is a random one in `library/store.json`, given by the first who makes a library and it
//! alike. A store that was wiped, or another at the same address, has another or none.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Error, key};
use crate::jobs;
use crate::jobs::patience::{document, once, patiently, to_json};
use crate::store::{self, Attributes, Key, Objects};

const SCHEMA: &str = "composer.store/1";

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    schema: String,
    id: Uuid,
}

fn at() -> Result<Key, Error> {
    key("library/store.json".to_owned())
}

/// What the store says that it is; none where it does not say, or nothing that can be read.
pub(super) fn known(store: &dyn Objects) -> Result<Option<Uuid>, Error> {
    match document::<Document>(store, &at()?) {
        Ok(document) => Ok(document.filter(|d| d.schema == SCHEMA).map(|d| d.id)),
        Err(jobs::Error::Document { .. } | jobs::Error::Store(store::Error::TooLarge { .. })) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// What the store is, given a name if it has none.
pub(super) fn named(store: &dyn Objects) -> Result<Uuid, Error> {
    if let Some(id) = known(store)? {
        return Ok(id);
    }
    let (at, id) = (at()?, Uuid::new_v4());
    let document = to_json(&Document { schema: SCHEMA.to_owned(), id });
    if once(store, &at, &document, &Attributes::default())? {
        return Ok(id);
    }
    if let Some(theirs) = known(store)? {
        return Ok(theirs);
    }
    // What is there is of no use: whoever remembers a store of that name remembers nothing now, which harms nobody.
    patiently(|| store.put(&at, &document, &Attributes::default()))?;
    Ok(known(store)?.unwrap_or(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::folder::Folder;

    #[test]
    fn a_store_keeps_its_name_and_a_broken_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        assert_eq!(known(&store).unwrap(), None);
        let id = named(&store).unwrap();
        assert_eq!((known(&store).unwrap(), named(&store).unwrap()), (Some(id), id));
        store.put(&at().unwrap(), b"{", &Attributes::default()).unwrap();
        assert_eq!(known(&store).unwrap(), None);
        let anew = named(&store).unwrap();
        assert!(anew != id && known(&store).unwrap() == Some(anew));
    }
}
