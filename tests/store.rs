//! One test body for every kind of store: a folder, the embedded server, and servers of others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "cloud/body.rs"]
mod body;
#[path = "cloud/music.rs"]
mod music;
#[cfg(feature = "s3")]
#[path = "cloud/served.rs"]
mod served;
#[cfg(feature = "s3")]
#[path = "cloud/servers.rs"]
mod servers;

use std::sync::Arc;
use std::time::Duration;

use body::{NONE, key, names};
use composer::store::Objects;
use composer::store::folder::Folder;

#[test]
fn a_folder_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Objects> = Arc::new(Folder::open(folder.path()).unwrap());
    body::holds(&store);
}

#[test]
fn who_waits_at_a_folder_is_told_of_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Objects> = Arc::new(Folder::open(folder.path()).unwrap());
    body::tells_of_changes(&store);
}

#[test]
fn what_a_crash_left_in_a_folder_is_no_object() {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::open(folder.path()).unwrap();
    store.put(&key("a/b.json"), b"{}", NONE).unwrap();
    std::fs::write(folder.path().join(".composer/half.part"), b"half").unwrap();
    std::fs::write(folder.path().join("a/UPPER CASE"), b"not ours").unwrap();
    assert_eq!(names(&store, "", None), ["a/b.json"]);
    // A day later it is swept.
    let old = std::time::SystemTime::now() - Duration::from_secs(2 * 24 * 3600);
    std::fs::File::open(folder.path().join(".composer/half.part")).unwrap().set_modified(old).unwrap();
    Folder::open(folder.path()).unwrap();
    assert!(!folder.path().join(".composer/half.part").exists());
    assert!(folder.path().join("a/UPPER CASE").exists());
}
