//! What the figures were measured on.

use std::fs::read_to_string;
use std::process::Command;

/// Returns machine, kernel, compiler and commit, a line each.
pub fn describe() -> Vec<(String, String)> {
    let cpu = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rows = [
        ("processor", format!("{}, {cores} of its cores", model.trim_start_matches(['\t', ' ', ':']))),
        ("kernel", told("uname", &["-sr"])),
        ("compiler", format!("{}, release profile, no processor named", told("rustc", &["--version"]))),
        ("commit", told("git", &["describe", "--always", "--dirty", "--exclude=*"])),
        ("date", told("date", &["--utc", "+%Y-%m-%d"])),
    ];
    rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn told(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let told = output.ok().filter(|output| output.status.success());
    told.map_or("unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
