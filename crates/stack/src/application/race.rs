//! Two futures of which the first that is ready counts.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;

/// Which of two was ready.
pub(super) enum Either<A, B> {
    /// The first; also when both were.
    First(A),
    /// The second.
    Second(B),
}

/// Waits for one of two futures. The other is dropped, so it must be one that loses nothing by that.
pub(super) async fn race<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Either<A, B> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|cx| {
        if let Poll::Ready(first) = first.as_mut().poll(cx) {
            return Poll::Ready(Either::First(first));
        }
        second.as_mut().poll(cx).map(Either::Second)
    })
    .await
}
