//! Telling a socket something, before and while it lives; closing it so that the caller can wait.

use super::Tcp;
use super::congestion;
use super::connection::{Connection, Cx, Owed};
use super::settings::{CORK_CEILING, Settings, StreamOption, StreamOptions};
use crate::context::Ctx;
use crate::time::{Duration, Instant};
use crate::trace::{Cause, Ending, State};
use crate::transport::{Key, Readiness, SocketError};

impl Tcp {
    /// Tells a connection something.
    ///
    /// # Errors
    /// As [`StreamOptions::set`]; `InvalidInput` for what is settled when a connection has begun: `MaxSegment`, but for a
    /// smaller one, and `DeferAccept`. `BadDescriptor` where there is no such connection.
    pub fn tell(&mut self, ctx: &mut Ctx<'_>, key: Key, option: StreamOption<'_>) -> Result<(), SocketError> {
        let connection = self.connections.get(key).ok_or(SocketError::BadDescriptor)?;
        match option {
            StreamOption::NoDelay(on) => return self.set_nodelay(ctx, key, on),
            StreamOption::DeferAccept(_) => return Err(SocketError::InvalidInput),
            StreamOption::MaxSegment(octets) if octets == 0 || octets > connection.peer_mss => {
                return Err(SocketError::InvalidInput);
            }
            _ => {}
        }
        let mut options = self.settings_of(connection).options;
        options.set(option)?;
        self.devices |= options.device.is_some();
        self.give_settings(key, &options);
        self.call(ctx, key, |connection, cx| {
            connection.heed(cx, option);
            Ok(())
        })
    }

    /// Gives a connection settings of its own.
    pub(super) fn give_settings(&mut self, key: Key, options: &StreamOptions) {
        let settings = Settings::laid_over(&self.settings, options);
        let Some(connection) = self.connections.get_mut(key) else { return };
        let seldom = connection.seldom();
        match seldom.settings.and_then(|key| self.own.get_mut(key)) {
            Some(own) => *own = settings,
            None => seldom.settings = Some(self.own.insert_with(|_| settings)),
        }
    }

    /// What holds for a connection.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn told(&self, key: Key) -> Result<StreamOptions, SocketError> {
        let connection = self.connections.get(key).ok_or(SocketError::BadDescriptor)?;
        let (ttl, tos) = connection.header();
        let options = self.settings_of(connection).options.filled(&self.settings);
        // What is sent is what counts, as it does elsewhere.
        let max_segment = Some(connection.mss() as u16);
        Ok(StreamOptions { nodelay: Some(connection.nodelay), max_segment, ttl, tos, ..options })
    }

    /// Tells a listener something, which holds for the connections that come from here on.
    ///
    /// # Errors
    /// As [`StreamOptions::set`]; `BadDescriptor` where there is no such listener.
    pub fn tell_listener(&mut self, key: Key, option: StreamOption<'_>) -> Result<(), SocketError> {
        let options = &mut self.listeners.get_mut(key).ok_or(SocketError::BadDescriptor)?.options;
        options.set(option)?;
        self.devices |= options.device.is_some();
        Ok(())
    }

    /// Tells a listener all at once.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such listener.
    pub fn configure_listener(&mut self, key: Key, options: &StreamOptions) -> Result<(), SocketError> {
        self.listeners.get_mut(key).ok_or(SocketError::BadDescriptor)?.options = *options;
        self.own_headers |= (options.ttl, options.tos) != (None, 0);
        self.devices |= options.device.is_some();
        Ok(())
    }

    /// What holds for a socket that was told `options` and neither listens nor connects yet.
    pub fn would_hold(&self, options: &StreamOptions) -> StreamOptions {
        options.filled(&self.settings)
    }

    /// Changes TTL and type of service of the connections that a listener takes in from here on.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such listener.
    pub fn set_listener_header(
        &mut self,
        key: Key,
        change: impl FnOnce(Option<u8>, u8) -> (Option<u8>, u8),
    ) -> Result<(), SocketError> {
        let options = &mut self.listeners.get_mut(key).ok_or(SocketError::BadDescriptor)?.options;
        (options.ttl, options.tos) = change(options.ttl, options.tos);
        self.own_headers = true;
        Ok(())
    }

    /// What a listener's connections will be told.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such listener.
    pub fn listener_told(&self, key: Key) -> Result<StreamOptions, SocketError> {
        let listener = self.listeners.get(key).ok_or(SocketError::BadDescriptor)?;
        Ok(listener.options.filled(&self.settings))
    }

    /// As [`send`](Self::send), of octets that more will follow soon: they wait for them, 200 ms at the longest.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_more(&mut self, ctx: &mut Ctx<'_>, key: Key, data: &[u8]) -> Result<usize, SocketError> {
        self.call(ctx, key, |connection, cx| {
            connection.seldom().more = true;
            connection.write(cx, data)
        })
    }

    /// Reads no more: what comes from here on is taken and acknowledged, and a reader finds the end of the stream behind
    /// what is there. Nothing is sent: the peer does not learn of it.
    ///
    /// # Errors
    /// `NotConnected` before the handshake is complete and after the connection's end.
    pub fn shutdown_read(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Result<(), SocketError> {
        self.call(ctx, key, |connection, cx| {
            if !connection.can_be_shut() {
                return Err(SocketError::NotConnected);
            }
            connection.seldom().read_shut = true;
            connection.wake(cx, Readiness::READ);
            Ok(())
        })
    }

    /// Why the connection failed, once (`SO_ERROR`).
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn take_error(&mut self, key: Key) -> Result<Option<SocketError>, SocketError> {
        Ok(self.of(key)?.error.take())
    }

    /// As [`close`](Self::close), for a caller that can wait: where the socket lingers, `WouldBlock` until the peer has
    /// acknowledged everything, or until the time is up; the socket is there until then, and this is to be called again. In
    /// the end it is gone; what was not acknowledged goes on being sent.
    ///
    /// # Errors
    /// `WouldBlock` as long as it lingers.
    pub fn close_lingering(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Result<(), SocketError> {
        let waits = self.call(ctx, key, |connection, cx| Ok(connection.linger(cx)));
        if waits == Ok(true) {
            return Err(SocketError::WouldBlock);
        }
        self.close(ctx, key);
        Ok(())
    }
}

impl Connection {
    /// The socket was told something, and the settings say it already.
    fn heed(&mut self, cx: &mut Cx<'_, '_>, option: StreamOption<'_>) {
        match option {
            StreamOption::KeepAlive(_)
            | StreamOption::KeepIdle(_)
            | StreamOption::KeepInterval(_)
            | StreamOption::KeepCount(_) => self.restart_keep_alive(cx),
            StreamOption::ReceiveBuffer(_) => self.open_window(cx),
            StreamOption::SendBuffer(octets) if self.send.len() < octets as usize => {
                self.wake(cx, Readiness::WRITE);
            }
            StreamOption::MaxSegment(octets) => {
                // RFC 9293 §3.7.1: SendMSS is what the peer offered at most; less is this end's own affair.
                self.peer_mss = octets;
                self.update_mss();
            }
            StreamOption::Congestion(_) => self.change_controller(cx),
            StreamOption::QuickAck(true) if self.owed == Owed::Delayed => self.owe_now(Cause::ImmediateAck),
            _ => {}
        }
    }

    fn restart_keep_alive(&mut self, cx: &Cx<'_, '_>) {
        self.deadlines.keep_alive = Instant::FAR_FUTURE;
        let lives = self.state.is_synchronized() && !matches!(self.state, State::TimeWait | State::Closed);
        if lives && cx.knobs.keep_alive {
            self.deadlines.keep_alive = cx.now().max(self.heard_at + cx.knobs.keep_alive_idle);
        }
    }

    /// Another controller takes over at the window that there is.
    fn change_controller(&mut self, cx: &Cx<'_, '_>) {
        let Some(known) = &self.congestion else { return };
        if known.name() == cx.knobs.congestion {
            return;
        }
        let segments = (known.window() / self.mss().max(1)).clamp(1, u32::from(u16::MAX)) as u16;
        let controller = congestion::controller(cx.knobs.congestion, self.mss(), segments);
        (self.cwnd, self.sending_watched) = (controller.window(), controller.watches_sending());
        self.congestion = Some(controller);
    }

    /// Whether what is not a full segment waits for more.
    pub fn is_corked(&self, cx: &Cx<'_, '_>) -> bool {
        cx.knobs.options.cork || self.seldom.as_deref().is_some_and(|seldom| seldom.more)
    }

    /// Octets wait under a cork: not for ever.
    pub fn start_cork(&mut self, cx: &Cx<'_, '_>) {
        self.deadlines.persist = self.deadlines.persist.min(cx.now() + CORK_CEILING);
    }

    /// What was written last is to go, whatever waits for more.
    pub fn end_more(&mut self) {
        if let Some(seldom) = self.seldom.as_deref_mut() {
            seldom.more = false;
        }
    }

    /// Whether the owner reads no more.
    pub fn is_read_shut(&self) -> bool {
        self.seldom.as_deref().is_some_and(|seldom| seldom.read_shut)
    }

    /// Whether a direction can be shut down: there is a connection, and it has not ended.
    pub const fn can_be_shut(&self) -> bool {
        !matches!(self.state, State::SynSent | State::SynReceived | State::TimeWait | State::Closed)
    }

    /// Whether the owner has closed and waits.
    pub fn is_lingering(&self) -> bool {
        self.seldom.as_deref().is_some_and(|seldom| seldom.lingers_until.is_some())
    }

    /// Whether closing has to wait: something is to be acknowledged yet, and the time is not up. Begins to close.
    fn linger(&mut self, cx: &mut Cx<'_, '_>) -> bool {
        let Some(span) = cx.knobs.options.linger.filter(|span| *span > Duration::ZERO) else { return false };
        if !self.can_be_shut() || self.receive.readable() > 0 {
            return false;
        }
        self.close_direction(cx);
        // Linux: what is waited for is the end of these states, in which the FIN is not acknowledged.
        if !matches!(self.state, State::FinWait1 | State::Closing | State::LastAck) {
            return false;
        }
        let until = match self.seldom().lingers_until {
            Some(until) => until,
            None => cx.now() + span,
        };
        self.seldom().lingers_until = Some(until);
        if cx.now() >= until {
            self.deadlines.linger = Instant::FAR_FUTURE;
            return false;
        }
        self.deadlines.linger = until;
        self.wants = self.wants.or(Readiness::WRITE);
        true
    }

    /// What the timer of a close that waits does when it expires; false where nobody waits.
    pub fn on_linger_over(&mut self, cx: &mut Cx<'_, '_>) -> bool {
        let waits = matches!(self.state, State::FinWait1 | State::Closing | State::LastAck);
        if waits {
            self.wake(cx, Readiness::WRITE);
        }
        waits
    }

    /// The owner has closed and does not linger any more.
    pub fn end_at_once(&mut self, cx: &mut Cx<'_, '_>) {
        // Linux: where both directions are closed and all was sent there is nothing left to reset.
        let said = matches!(self.state, State::Closing | State::LastAck) && !self.has_unsent();
        if said {
            self.end(cx, Ending::Aborted, None);
        } else {
            self.reset(cx, Ending::Aborted, None);
        }
    }
}
