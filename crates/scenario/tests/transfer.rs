//! What can be wrong with servers and clients of files and mail, and with what is expected of mail.

use wirelab_scenario::Scenario;

fn text(applications: &str) -> String {
    format!(
        r#"
host = [
    {{ name = "client", interface = [{{ addresses = ["10.0.0.1/24"] }}], file = [{{ path = "/a", text = "x" }}] }},
    {{ name = "server", interface = [{{ addresses = ["10.0.0.2/24"] }}] }},
]
link = [{{ name = "wire", between = ["client", "server"] }}]
{applications}
"#
    )
}

/// Fails where the text is read, or where none of its diagnostics says this.
#[track_caller]
fn refused(applications: &str, expected: &str) {
    let text = text(applications);
    let Err(diagnostics) = Scenario::from_text("test.toml", &text, &[]) else {
        panic!("it was read: {text}")
    };
    assert!(diagnostics.to_string().contains(expected), "{diagnostics}");
}

const FTP: &str = "[[application]]\nname = \"f\"\nhost = \"server\"\napp = \"ftp-server\"\n";
const GET: &str =
    "[[application]]\nname = \"c\"\nhost = \"client\"\napp = \"ftp-client\"\nto = \"server:21\"\n";
const SMTP: &str = "[[application]]\nname = \"s\"\nhost = \"server\"\napp = \"smtp-server\"\n";
const SEND: &str =
    "[[application]]\nname = \"m\"\nhost = \"client\"\napp = \"smtp-client\"\nto = \"server:25\"\n";

#[test]
fn what_is_wrong_is_said() {
    let with = |application: &str, fields: &str| format!("{application}{fields}\n");
    refused(&with(FTP, "root = \"/a/../..\""), "..");
    refused(&with(FTP, "anonymous = \"maybe\""), "read");
    refused(&with(FTP, "login = [{ user = \"a\" }]"), "password");
    let twice = "login = [{ user = \"a\", password = \"b\" }, { user = \"a\", password = \"c\" }]";
    refused(&with(FTP, twice), "is a user already");
    refused(&with(FTP, "sessions = 0"), "would not begin");
    refused(&with(FTP, &FTP.replace("\"f\"", "\"g\"")), "has the port 21 of `server` already");
    refused(&with(FTP, &SMTP.replace("smtp", "ftp")), "has the port 21 of `server` already");
    refused(&with(GET, "get = [{ from = \"a\\r\\nDELE b\", to = \"/b\" }]"), "character of control");
    refused(&with(GET, "get = [{ from = \"a\", to = \"../b\" }]"), "..");
    refused(&with(GET, "user = \"\""), "empty");
    refused(&with(SMTP, "domains = []"), "would take no mail");
    refused(&with(SMTP, "domains = [\"a b\"]"), "a domain such as");
    refused(&with(SEND, "recipients = []\nmessage = \"/a\""), "a message for nobody");
    refused(&with(SEND, "recipients = [\"anna\"]\nmessage = \"/a\""), "a mail address such as");
    refused(&with(SEND, "recipients = [\"a@b\\r\\nRSET\"]\nmessage = \"/a\""), "a mail address such as");
}

#[test]
fn what_cannot_be_expected_is_said() {
    let mail = |fields: &str| format!("[[expect]]\nmail = \"server:/mail\"\n{fields}\n");
    refused(&mail(""), "nothing is expected of the mail");
    refused(&mail("exists = true"), "not expected of a mail");
    refused(&mail("same_as = \"nobody:/a\""), "nobody");
    refused("[[expect]]\nmail = \"nobody:/mail\"\ncount = 1\n", "nobody");
    refused("[[expect]]\nfile = \"client:/a\"\nsender = \"a@b\"\n", "not expected of a file");
}

#[test]
fn messages_are_counted_by_what_they_are() {
    let run = |expect: &str| {
        let applications = format!(
            "{SMTP}domains = [\"example.com\"]\n{SEND}sender = \"carl@x.y\"\nrecipients = [\"anna@example.com\"]\nmessage = \"/a\"\n\
             [[expect]]\nmail = \"server:/mail\"\n{expect}\n"
        );
        let scenario =
            Scenario::from_text("test.toml", &text(&applications), &[]).unwrap_or_else(|d| panic!("{d}"));
        let report = scenario.build(1).execute(&mut |_| {});
        (report.held, report.mail[0].messages.len())
    };
    for held in [
        "count = 1",
        "sender = \"carl@x.y\"",
        "recipient = \"anna@example.com\"",
        "same_as = \"client:/a\"",
        "count = 0\nsender = \"dora@x.y\"",
    ] {
        assert_eq!(run(held), (true, 1), "{held}");
    }
    for broken in [
        "count = 0",
        "count = 2",
        "sender = \"dora@x.y\"",
        "recipient = \"ben@example.com\"",
        "same_as = \"client:/b\"",
    ] {
        assert_eq!(run(broken), (false, 1), "{broken}");
    }
}
