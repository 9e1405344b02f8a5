use super::*;
use crate::paths::Variables;

/// A program whose last change is some time ago.
fn program(directory: &Path, text: &str, age_s: u64) -> PathBuf {
    let path = directory.join("ganger");
    std::fs::write(&path, text).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(age_s)).unwrap();
    path
}

#[test]
fn each_content_has_one_copy_which_stays_when_the_program_changes() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let variables = Variables::from([
        ("HOME".to_owned(), directory.path().display().to_string()),
        ("GANGER_HOME".to_owned(), home.display().to_string()),
    ]);
    let paths = Paths::from_environment(&variables).unwrap();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();

    let own = program(directory.path(), "one", 60);
    let first = of(&own, &paths).unwrap();
    assert_eq!(read(&first), "one");
    assert_eq!(std::fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o755);
    // The same length and the same time, as a build that sets its files' times leaves them.
    let modified = std::fs::metadata(&own).unwrap().modified().unwrap();
    std::fs::write(&own, "two").unwrap();
    std::fs::File::options().write(true).open(&own).unwrap().set_modified(modified).unwrap();
    let second = of(&own, &paths).unwrap();
    assert_eq!((read(&first).as_str(), read(&second).as_str()), ("one", "two"));
    assert_eq!(of(&own, &paths).unwrap(), second);
}

#[test]
fn a_known_file_is_found_by_its_identity_as_long_as_its_copy_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let variables = Variables::from([("HOME".to_owned(), directory.path().display().to_string())]);
    let paths = Paths::from_environment(&variables).unwrap();
    let own = program(directory.path(), "program", 60);
    let copy = of(&own, &paths).unwrap();
    let metadata = std::fs::metadata(&own).unwrap();
    // It was made this moment, so nothing is remembered of it yet.
    assert_eq!(made_from(&identity(&metadata), metadata.len(), &paths), None);
    std::fs::write(copy.with_file_name(SOURCE), identity(&metadata)).unwrap();
    assert_eq!(made_from(&identity(&metadata), metadata.len(), &paths), Some(copy.clone()));
    std::fs::write(&copy, "pro").unwrap();
    assert_eq!(made_from(&identity(&metadata), metadata.len(), &paths), None);
}
