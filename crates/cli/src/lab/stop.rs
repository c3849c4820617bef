//! Asks a program of ours to end by itself: so that it still says what it has to.

use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::sync::{Arc, Mutex, PoisonError};

/// Asks a program to end. Its clones ask the same program.
#[derive(Clone, Default, Debug)]
pub struct Stop(Arc<Mutex<State>>);

#[derive(Default, Debug)]
struct State {
    asked: bool,
    waits: Option<Waker>,
}

impl Stop {
    /// Asks; whether nobody had asked before.
    pub fn ask(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !core::mem::replace(&mut state.asked, true);
        if let Some(waker) = state.waits.take() {
            waker.wake();
        }
        first
    }

    /// Waits until it is asked.
    pub async fn asked(self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.asked {
                return Poll::Ready(());
            }
            state.waits = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::task::Context;

    use super::*;

    #[test]
    fn it_is_asked_once_and_heard_before_or_after() {
        let (stop, mut cx) = (Stop::default(), Context::from_waker(Waker::noop()));
        let mut asked = pin!(stop.clone().asked());
        assert!(asked.as_mut().poll(&mut cx).is_pending());
        assert!(stop.ask() && !stop.ask());
        assert!(asked.as_mut().poll(&mut cx).is_ready());
        assert!(pin!(stop.asked()).poll(&mut cx).is_ready());
    }
}
