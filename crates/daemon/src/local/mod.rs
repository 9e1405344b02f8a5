//! Commands that need no running daemon.
