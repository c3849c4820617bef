//! What is refused before the first frame, and how.

use std::process::{Command, Output};

use crate::namespace::{in_namespace, wirelab};

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn nonsense_is_refused_by_name() {
    let serve = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
        let output = command.arg("serve").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", error(&output));
        error(&output)
    };
    let on = ["--on", "tap:wl0", "--address", "10.77.0.2/24"];
    let with = |more: &[&str]| serve(&[&on[..], more].concat());
    assert!(with(&[]).contains("<APP>..."));
    assert!(with(&["ecoh:7"]).contains("there is no application `ecoh`; did you mean `echo`?"));
    assert!(with(&["echo:0"]).contains("`0` is no port"));
    assert!(with(&["http:80"]).contains("`http` needs a directory: `http:80=DIR`"));
    assert!(with(&["echo:7=here"]).contains("`echo` has no files"));
    assert!(
        serve(&["--on", "tab:wl0", "--address", "10.77.0.2/24", "echo"]).contains("there is no kind `tab`")
    );
    assert!(serve(&["--on", "tap:wl0", "--address", "10.77.0/24", "echo"]).contains("10.77.0/24"));
    assert!(serve(&["--on", "tap:wl0", "echo"]).contains("--address"));
}

#[test]
fn what_cannot_be_opened_is_told_with_its_exit_code() {
    in_namespace("refusals::what_cannot_be_opened_is_told_with_its_exit_code", || {
        let serve = |arguments: &[&str]| wirelab("serve").args(arguments).output().unwrap();
        let twice = serve(&["echo:7", "upper:7"]);
        assert_eq!(twice.status.code(), Some(2));
        assert!(error(&twice).contains("`upper:7` and `echo:7` want one port"), "{}", error(&twice));
        let absent = serve(&["http:80=/no/such/directory"]);
        assert_eq!(absent.status.code(), Some(2));
        assert!(error(&absent).contains("cannot open /no/such/directory"), "{}", error(&absent));
        let one = std::env::temp_dir().join(format!("wirelab-one-{}.out", std::process::id()));
        let one = one.to_str().unwrap();
        let both = serve(&["--pcap", one, "--trace", one, "echo:7"]);
        assert_eq!(both.status.code(), Some(2));
        assert!(error(&both).contains("--trace would overwrite --pcap"), "{}", error(&both));
        let mut ours = Command::new(env!("CARGO_BIN_EXE_wirelab"));
        let owned =
            ours.args(["serve", "--on", "tap:wl0", "--address", "10.77.0.1/24", "echo"]).output().unwrap();
        assert_eq!(owned.status.code(), Some(2));
        assert!(
            error(&owned).contains("10.77.0.1 is this system's own address, on wl0"),
            "{}",
            error(&owned)
        );
        assert!(error(&owned).contains("--force"), "{}", error(&owned));
        let forbidden = Command::new("setpriv")
            .args(["--reuid", "65534", "--clear-groups", "--bounding-set", "-all", "--inh-caps", "-all"])
            .arg(env!("CARGO_BIN_EXE_wirelab"))
            .args(["serve", "--on", "tap:wl1", "--address", "10.77.0.2/24", "echo"])
            .output()
            .unwrap();
        assert_eq!(forbidden.status.code(), Some(3), "{}", error(&forbidden));
        assert!(error(&forbidden).contains("CAP_NET_ADMIN"), "{}", error(&forbidden));
        assert!(error(&forbidden).contains("setcap"), "{}", error(&forbidden));
    });
}
