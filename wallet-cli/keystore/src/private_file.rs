//! Files that only their owner reads, and that are old or new but never half.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Why a private file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The operating system said no.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// Others may read or write it.
    #[error(
        "{path} has permissions {mode:o}, others can reach it: run chmod 600 {path}",
        path = path.display()
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Longer than such a file can be.
    #[error("{path} is longer than {limit} bytes, it cannot be such a file: check the path", path = path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
}

impl PrivateFileError {
    /// Returns whether the file is simply not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a file that nobody else may reach, of at most `limit` bytes.
///
/// # Errors
/// When others may read or write it (Unix permissions), when it is longer, or when reading fails.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, PrivateFileError> {
    let failed = |error| PrivateFileError::Io { path: path.to_owned(), error };
    let file = File::open(path).map_err(failed)?;
    let mode = permissions(&file).map_err(failed)?;
    if mode & 0o077 != 0 {
        return Err(PrivateFileError::TooOpen { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(PrivateFileError::TooLong { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// Replaces the file by `bytes`: after a crash it holds the old or the new bytes, never a mixture.
///
/// A new file beside it is written with mode 0600 and synced, renamed over it, and the directory is synced.
///
/// # Errors
/// When any of these steps fails; the old file is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), PrivateFileError> {
    let failed = |error| PrivateFileError::Io { path: path.to_owned(), error };
    let beside = beside(path);
    let write = || {
        let mut file = create_private(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        sync_parent(path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

/// Writes a file that is not there yet, as [`replace`] does.
///
/// # Errors
/// `AlreadyExists` when there is one; it is left as it is.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), PrivateFileError> {
    let failed = |error| PrivateFileError::Io { path: path.to_owned(), error };
    let beside = beside(path);
    let write = || {
        let mut file = create_private(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // A hard link, unlike a rename, refuses to replace what is there.
        fs::hard_link(&beside, path)?;
        fs::remove_file(&beside)?;
        sync_parent(path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

/// Makes a directory, and those above it, that only its owner may enter.
///
/// # Errors
/// When the operating system says no.
pub fn create_directory(path: &Path) -> Result<(), PrivateFileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| PrivateFileError::Io { path: path.to_owned(), error })
}

/// Removes a file for good; a file that is not there is no error.
///
/// # Errors
/// When the operating system says no.
pub fn remove(path: &Path) -> Result<(), PrivateFileError> {
    match fs::remove_file(path).and_then(|()| sync_parent(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PrivateFileError::Io { path: path.to_owned(), error })
        }
        _ => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // Left behind by a process of the same number that was stopped halfway.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        other => other,
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

#[cfg(unix)]
fn permissions(file: &File) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn permissions(_: &File) -> io::Result<u32> {
    Ok(0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn set_mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_private_file_is_born_closed_and_stays_closed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        replace(&path, b"one").unwrap();
        assert_eq!(permissions(&File::open(&path).unwrap()).unwrap(), 0o600);
        set_mode(&path, 0o644);
        assert!(matches!(read(&path, 10), Err(PrivateFileError::TooOpen { mode: 0o644, .. })));
        // Replacing closes it again, because the new file is another one.
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path, 10).unwrap(), b"two");
    }

    #[test]
    fn create_never_replaces() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        create(&path, b"one").unwrap();
        assert!(create(&path, b"two").is_err());
        assert_eq!(read(&path, 10).unwrap(), b"one");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        replace(&path, b"12345").unwrap();
        assert!(matches!(read(&path, 4), Err(PrivateFileError::TooLong { limit: 4, .. })));
        assert!(read(&directory.path().join("b"), 4).unwrap_err().is_missing());
    }
}
