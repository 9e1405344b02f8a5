//! What a sandboxed process may and may not do, with the real kernel.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod support;

use expect_test::{Expect, expect};
use ganger_core::journal::RecordKind;
use ganger_core::process::SandboxMode;
use ganger_host::spec::HostSpec;
use support::Home;

/// Tries each line of `attempts` in a shell under the policy, and lists which worked.
async fn check(home: &Home, attempts: &[&str], change: impl FnOnce(&mut HostSpec), expected: Expect) {
    let mut script = String::new();
    for attempt in attempts {
        let quoted = attempt.replace('\'', "'\\''");
        script += &format!(
            "if ( {attempt} ) >/dev/null 2>&1; then echo 'yes {quoted}'; else echo 'no  {quoted}'; fi\n"
        );
    }
    let mut spec = home.script("job.1", &script);
    spec.process.sandbox.mode = SandboxMode::Enforce;
    for (name, directory) in [("OUT", "outside"), ("PRIVATE", "private"), ("HOME", "")] {
        spec.process.environment.insert(name.to_owned(), home.text(directory));
    }
    change(&mut spec);
    let run = home.run(&spec).await;
    let enforcement = run.status.enforcement.clone().unwrap_or_default();
    let told = format!(
        "hidden {} scoped {} namespace {} gaps {:?}\n",
        enforcement.hidden, enforcement.scoped, enforcement.pid_namespace, enforcement.gaps
    );
    expected.assert_eq(&(told + &run.text(RecordKind::Err) + &run.text(RecordKind::Out)));
}

#[tokio::test]
async fn it_writes_where_it_may_and_nowhere_else() {
    let home = Home::new();
    std::fs::write(home.path("outside").join("file"), "old").unwrap();
    std::fs::write(home.path("work").join("there"), "old").unwrap();
    let attempts = [
        "echo x > new && mkdir d && mv new d/moved && ln -s d link && rm -r d",
        "echo x > $PRIVATE/new",
        "echo x > $OUT/new",
        "echo x >> $OUT/file",
        ": > $OUT/file",
        "rm $OUT/file",
        "mv $OUT/file $OUT/other",
        "ln $OUT/file stolen",
        "mv there $OUT/there",
        "ln -s $OUT out && echo x > out/new",
        "mkdir $OUT/directory",
        "mkfifo fifo",
        "mkfifo $PRIVATE/fifo",
        "cat $OUT/file",
        "echo x > /dev/null && head -c1 /dev/urandom && echo x > /dev/shm/ganger-$$ && rm /dev/shm/ganger-$$",
        "git init -q . && git -c user.name=x -c user.email=x@x commit -q --allow-empty -m x",
    ];
    let expected = expect![[r#"
        hidden true scoped true namespace true gaps []
        yes echo x > new && mkdir d && mv new d/moved && ln -s d link && rm -r d
        yes echo x > $PRIVATE/new
        no  echo x > $OUT/new
        no  echo x >> $OUT/file
        no  : > $OUT/file
        no  rm $OUT/file
        no  mv $OUT/file $OUT/other
        no  ln $OUT/file stolen
        no  mv there $OUT/there
        no  ln -s $OUT out && echo x > out/new
        no  mkdir $OUT/directory
        no  mkfifo fifo
        yes mkfifo $PRIVATE/fifo
        yes cat $OUT/file
        yes echo x > /dev/null && head -c1 /dev/urandom && echo x > /dev/shm/ganger-$$ && rm /dev/shm/ganger-$$
        yes git init -q . && git -c user.name=x -c user.email=x@x commit -q --allow-empty -m x
    "#]];
    check(&home, &attempts, |_| {}, expected).await;
    assert_eq!(std::fs::read_to_string(home.path("outside").join("file")).unwrap(), "old");
}

#[tokio::test]
async fn what_is_hidden_cannot_be_read_and_its_neighbours_can() {
    let home = Home::new();
    for (name, content) in
        [(".ssh/id", "key"), ("site/key", "key"), ("site/base/code", "code"), (".profile", "x")]
    {
        let path = home.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    std::os::unix::fs::symlink(home.path(".ssh"), home.path("sneak")).unwrap();
    std::os::unix::fs::symlink(home.path("site"), home.path("work/sneak")).unwrap();
    let attempts = [
        "cat $HOME/.ssh/id",
        "cat $HOME/sneak/id",
        "cat sneak/key",
        "cp $HOME/.ssh/id copy && cat copy",
        "ln $HOME/.ssh/id hard && cat hard",
        "cat $HOME/site/key",
        "cat $HOME/site/base/code",
        "cat $HOME/.profile && cat /etc/passwd && ls $HOME",
        "cat $HOME/secret-that-comes-later",
        "echo x > mine && cat mine",
        "cat /proc/self/status && cat /dev/null && git --version",
    ];
    let expected = expect![[r#"
        hidden true scoped true namespace true gaps []
        no  cat $HOME/.ssh/id
        no  cat $HOME/sneak/id
        no  cat sneak/key
        no  cp $HOME/.ssh/id copy && cat copy
        no  ln $HOME/.ssh/id hard && cat hard
        no  cat $HOME/site/key
        yes cat $HOME/site/base/code
        yes cat $HOME/.profile && cat /etc/passwd && ls $HOME
        no  cat $HOME/secret-that-comes-later
        yes echo x > mine && cat mine
        yes cat /proc/self/status && cat /dev/null && git --version
    "#]];
    let hide = |spec: &mut HostSpec| {
        spec.process.sandbox.hide =
            [".ssh", "site", "secret-that-comes-later"].map(|name| home.text(name)).to_vec();
        spec.process.sandbox.read = vec![home.text("site/base")];
    };
    std::fs::write(home.path("secret-that-comes-later"), "x").unwrap();
    check(&home, &attempts, hide, expected).await;
}

#[tokio::test]
async fn it_cannot_signal_or_see_what_is_outside() {
    let home = Home::new();
    let attempts = [
        "kill -0 $OUTSIDE",
        "cat /proc/$OUTSIDE/environ",
        "kill -0 $PPID",
        "sleep 100 & kill $!",
        "unshare -rm true",
        "mount -t tmpfs none work",
        "grep -q 'NoNewPrivs:.1' /proc/self/status",
        "grep -qE 'CapAmb:.0*$' /proc/self/status && grep -qE 'CapInh:.0*$' /proc/self/status",
        "test -e /proc/$$/status && ! test -e /proc/$OUTSIDE/status",
        "test \"$GANGER_SESSION\" && test $(env | grep -v -e PWD -e SHLVL -e _= | wc -l) = 6",
    ];
    let expected = expect![[r#"
        hidden true scoped true namespace true gaps []
        no  kill -0 $OUTSIDE
        no  cat /proc/$OUTSIDE/environ
        no  kill -0 $PPID
        yes sleep 100 & kill $!
        no  unshare -rm true
        no  mount -t tmpfs none work
        yes grep -q 'NoNewPrivs:.1' /proc/self/status
        yes grep -qE 'CapAmb:.0*$' /proc/self/status && grep -qE 'CapInh:.0*$' /proc/self/status
        yes test -e /proc/$$/status && ! test -e /proc/$OUTSIDE/status
        yes test "$GANGER_SESSION" && test $(env | grep -v -e PWD -e SHLVL -e _= | wc -l) = 6
    "#]];
    let tell = |spec: &mut HostSpec| {
        spec.process.environment.insert("OUTSIDE".to_owned(), std::process::id().to_string());
    };
    check(&home, &attempts, tell, expected).await;
}

#[tokio::test]
async fn switched_off_it_says_so() {
    let home = Home::new();
    let off = |spec: &mut HostSpec| spec.process.sandbox.mode = SandboxMode::Off;
    let expected = expect![[r#"
        hidden false scoped false namespace false gaps ["The sandbox is switched off: the process may do whatever its user may."]
        yes echo x > $OUT/new
    "#]];
    check(&home, &["echo x > $OUT/new"], off, expected).await;
}
