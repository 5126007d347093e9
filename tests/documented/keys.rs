//! Compares JSON that composer prints with what docs/json.md says of it.

use std::collections::BTreeSet;

use serde_json::Value;

const DOCS: &str = include_str!("../../docs/json.md");

/// The keys in the tables below the heading of this schema; those of *Ports* wherever ports are listed.
pub(crate) fn keys(schema: &str) -> BTreeSet<String> {
    let table = |heading: &str| -> Vec<String> {
        let start = DOCS.find(heading).unwrap_or_else(|| panic!("docs/json.md has no heading {heading}"));
        let text = &DOCS[start + heading.len()..];
        let end = ["\n## ", "\n### "].iter().filter_map(|h| text.find(h)).min().unwrap_or(text.len());
        let rows = text[..end].lines().filter_map(|l| l.strip_prefix("| `")?.split_once('`'));
        rows.map(|(key, _)| key.to_owned()).collect()
    };
    let mut keys: BTreeSet<String> = table(&format!("## `{schema}`")).into_iter().collect();
    let ports = table("### Ports");
    let lists: Vec<String> = keys.iter().filter(|k| k.ends_with("puts[]") && !k.contains("audio")).cloned().collect();
    for list in lists {
        keys.extend(ports.iter().map(|key| format!("{list}.{key}")));
    }
    if schema.ends_with(".event/1") {
        keys.extend(ports);
    }
    keys
}

/// The keys of a document that are not in `documented`.
pub(crate) fn undocumented(document: &Value, documented: &BTreeSet<String>) -> Vec<String> {
    // A list is documented as `name[]`, which covers the name.
    keys_of(document)
        .into_iter()
        .filter(|key| !documented.contains(key) && !documented.contains(&format!("{key}[]")))
        .collect()
}

/// Fails when the document, whatever its schema, has a key that is not in docs/json.md.
#[allow(dead_code, reason = "some tests look at the parts")]
pub(crate) fn check(document: &Value) {
    let schema = document["schema"].as_str().unwrap_or_else(|| panic!("no schema in {document}"));
    let missing = undocumented(document, &keys(schema));
    assert!(missing.is_empty(), "docs/json.md lacks, below {schema}: {missing:?}");
}

/// The documented keys that none of the documents has, whose keys are `seen`.
#[allow(dead_code, reason = "not every test can bring about all that a document can say")]
pub(crate) fn unseen(documented: &BTreeSet<String>, seen: &BTreeSet<String>) -> Vec<String> {
    documented.iter().filter(|key| !seen.contains(key.trim_end_matches("[]"))).cloned().collect()
}

/// Every key of a document, with the keys above it.
pub(crate) fn keys_of(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(document, "", &mut found);
    found
}

fn collect(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                found.insert(path.clone());
                collect(value, &path, found);
            }
        }
        Value::Array(list) => {
            for value in list {
                collect(value, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}
