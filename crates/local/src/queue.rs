//! What tests ask for ahead of the calls that get it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Things for the calls to come, the first one first.
#[derive(Debug)]
pub(crate) struct Queue<T>(Mutex<VecDeque<T>>);

impl<T> Queue<T> {
    pub(crate) fn push(&self, item: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(item);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
