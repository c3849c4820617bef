//! The `wirelab` command.

fn main() -> std::process::ExitCode {
    wirelab_cli::main()
}
