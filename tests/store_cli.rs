//! Stores as the users of the command line meet them: who they are, and where their things are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails
#![cfg(feature = "s3")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// composer, with a home of its own, and nobody's credentials.
fn composer(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.current_dir(home).stdin(Stdio::null());
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy().into_owned();
        if ["XDG_", "COMPOSER_", "AWS_"].iter().any(|p| name.starts_with(p)) || name.to_lowercase().ends_with("_proxy")
        {
            command.env_remove(variable);
        }
    }
    command.env("HOME", home);
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    composer(home).args(arguments).output().unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn without_credentials_the_answer_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let jobs = ["jobs", "--store", "s3://composer-nobody/x"];
    let none = run(home, &jobs);
    assert_eq!(none.status.code(), Some(4), "{}", error(&none));
    assert!(error(&none).contains("no credentials for s3://composer-nobody/x/"), "{}", error(&none));
    assert!(error(&none).contains("aws configure") && error(&none).contains("AWS_ACCESS_KEY_ID"), "{}", error(&none));

    let profile = run(home, &[&jobs[..], &["--profile", "nowhere"]].concat());
    assert_eq!(profile.status.code(), Some(4), "{}", error(&profile));
    assert!(error(&profile).contains("nowhere"), "{}", error(&profile));

    // Signed in once, some time ago: what `aws sso login` left behind has expired.
    fs::create_dir_all(home.join(".aws/sso/cache")).unwrap();
    fs::write(
        home.join(".aws/config"),
        "[default]\nsso_session = home\nsso_account_id = 123456789012\nsso_role_name = x\n\n\
         [sso-session home]\nsso_region = eu-central-1\nsso_start_url = https://example.awsapps.com/start\n",
    )
    .unwrap();
    // Named by the SHA-1 of the session's name, as the AWS tools do.
    let token = r#"{"startUrl":"https://example.awsapps.com/start","region":"eu-central-1",
        "accessToken":"very-secret","expiresAt":"2020-01-01T00:00:00Z"}"#;
    fs::write(home.join(".aws/sso/cache/e83249bd3ba79932e16fb1fb5100dafade9954c2.json"), token).unwrap();
    let expired = run(home, &jobs);
    assert_eq!(expired.status.code(), Some(4), "{}", error(&expired));
    assert!(error(&expired).contains("expired") && error(&expired).contains("aws sso login"), "{}", error(&expired));
    assert!(!error(&expired).contains("very-secret"), "{}", error(&expired));
}

#[test]
fn what_is_no_store_is_refused() {
    let home = tempfile::tempdir().unwrap();
    for (store, message) in [
        ("s3://No", "no name of a bucket"),
        ("s3://bucket-x/../y", "no name of an object"),
        ("http://bucket", "is no store"),
    ] {
        let output = run(home.path(), &["jobs", "--store", store]);
        assert_eq!(output.status.code(), Some(2), "{}", error(&output));
        assert!(error(&output).contains(message), "{store}: {}", error(&output));
    }
    fs::write(home.path().join("settings.toml"), "[jobs]\nstore = \"s3://No\"\n").unwrap();
    let output = run(home.path(), &["--settings", "settings.toml", "jobs"]);
    assert_eq!(output.status.code(), Some(2), "{}", error(&output));
    assert!(error(&output).contains("[jobs] store"), "{}", error(&output));
}
