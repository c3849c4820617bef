//! What streams are told by `setsockopt`: each option by its number to the one that the transport has for it.

use super::{
    Bsd, Errno, Fd, IPPROTO_TCP, OptionValue, SO_KEEPALIVE, SO_LINGER, SO_RCVBUF, SO_SNDBUF, SOL_SOCKET,
    TCP_CONGESTION, TCP_CORK, TCP_DEFER_ACCEPT, TCP_INFO, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL,
    TCP_MAXSEG, TCP_NODELAY, TCP_QUICKACK, TCP_SYNCNT, TCP_USER_TIMEOUT,
};
use crate::frame::InterfaceId;
use crate::time::Duration;
use crate::transport::SocketId;
use crate::transport::descriptors::End;
use crate::transport::tcp::{StreamOption, StreamOptions};

/// What a level, a name and a value say.
fn option(level: i32, name: i32, value: &OptionValue) -> Result<StreamOption<'_>, Errno> {
    let count = || u32::try_from(value.int()?).map_err(|_| Errno::EINVAL);
    let seconds = || count().map(|count| Duration::from_secs(count.into()));
    Ok(match (level, name) {
        (SOL_SOCKET, SO_KEEPALIVE) => StreamOption::KeepAlive(value.flag()?),
        (SOL_SOCKET, SO_LINGER) => match value {
            OptionValue::Linger(span) => StreamOption::Linger(*span),
            _ => return Err(Errno::EINVAL),
        },
        (SOL_SOCKET, SO_RCVBUF) => StreamOption::ReceiveBuffer(count()?),
        (SOL_SOCKET, SO_SNDBUF) => StreamOption::SendBuffer(count()?),
        (IPPROTO_TCP, TCP_NODELAY) => StreamOption::NoDelay(value.flag()?),
        (IPPROTO_TCP, TCP_CORK) => StreamOption::Cork(value.flag()?),
        (IPPROTO_TCP, TCP_MAXSEG) => {
            StreamOption::MaxSegment(u16::try_from(count()?).map_err(|_| Errno::EINVAL)?)
        }
        (IPPROTO_TCP, TCP_CONGESTION) => match value {
            OptionValue::Text(controller) => StreamOption::Congestion(controller),
            _ => return Err(Errno::EINVAL),
        },
        (IPPROTO_TCP, TCP_QUICKACK) => StreamOption::QuickAck(value.flag()?),
        (IPPROTO_TCP, TCP_USER_TIMEOUT) => StreamOption::UserTimeout(Duration::from_millis(count()?.into())),
        (IPPROTO_TCP, TCP_KEEPIDLE) => StreamOption::KeepIdle(seconds()?),
        (IPPROTO_TCP, TCP_KEEPINTVL) => StreamOption::KeepInterval(seconds()?),
        (IPPROTO_TCP, TCP_KEEPCNT) => StreamOption::KeepCount(value.octet()?),
        (IPPROTO_TCP, TCP_DEFER_ACCEPT) => StreamOption::DeferAccept(seconds()?),
        (IPPROTO_TCP, TCP_SYNCNT) => StreamOption::SynCount(value.octet()?),
        _ => return Err(Errno::ENOPROTOOPT),
    })
}

/// What holds, as the value of an option.
fn value(level: i32, name: i32, told: &StreamOptions) -> Result<OptionValue, Errno> {
    let seconds = |span: Option<Duration>| (span.unwrap_or_default().as_millis() / 1000) as i32;
    let count = |count: Option<u8>| i32::from(count.unwrap_or_default());
    let octets = |octets: Option<u32>| octets.unwrap_or_default() as i32;
    let flag = |flag: Option<bool>| flag.unwrap_or_default();
    Ok(match (level, name) {
        (SOL_SOCKET, SO_KEEPALIVE) => flag(told.keep_alive).into(),
        (SOL_SOCKET, SO_LINGER) => OptionValue::Linger(told.linger),
        (SOL_SOCKET, SO_RCVBUF) => octets(told.receive_buffer).into(),
        (SOL_SOCKET, SO_SNDBUF) => octets(told.send_buffer).into(),
        (IPPROTO_TCP, TCP_NODELAY) => flag(told.nodelay).into(),
        (IPPROTO_TCP, TCP_CORK) => told.cork.into(),
        (IPPROTO_TCP, TCP_MAXSEG) => i32::from(told.max_segment.unwrap_or_default()).into(),
        (IPPROTO_TCP, TCP_CONGESTION) => told.congestion.unwrap_or_default().into(),
        (IPPROTO_TCP, TCP_QUICKACK) => told.quick_ack.into(),
        (IPPROTO_TCP, TCP_USER_TIMEOUT) => (told.user_timeout.unwrap_or_default().as_millis() as i32).into(),
        (IPPROTO_TCP, TCP_KEEPIDLE) => seconds(told.keep_idle).into(),
        (IPPROTO_TCP, TCP_KEEPINTVL) => seconds(told.keep_interval).into(),
        (IPPROTO_TCP, TCP_KEEPCNT) => count(told.keep_count).into(),
        (IPPROTO_TCP, TCP_DEFER_ACCEPT) => seconds(told.defer_accept).into(),
        (IPPROTO_TCP, TCP_SYNCNT) => count(told.syn_count).into(),
        _ => return Err(Errno::ENOPROTOOPT),
    })
}

impl Bsd<'_, '_> {
    /// Tells a stream something: its connection or its listener where it has one, and those that it will have.
    pub(super) fn tell_stream(
        &mut self,
        fd: Fd,
        level: i32,
        name: i32,
        value: &OptionValue,
    ) -> Result<(), Errno> {
        let End::Stream(_) = self.host.descriptors.get(fd)?.end else { return Err(Errno::ENOPROTOOPT) };
        let option = option(level, name, value)?;
        if let Some(id @ (SocketId::Tcp(_) | SocketId::Listener(_))) = self.token(fd)? {
            self.host.tcp_set_option(self.ctx, id, option)?;
        }
        Ok(self.stream(fd)?.options.set(option)?)
    }

    /// Binds a stream to an interface, or to none any more: what it has, and what it will have.
    pub(super) fn bind_stream_to(&mut self, fd: Fd, on: Option<InterfaceId>) -> Result<(), Errno> {
        let option = StreamOption::Device(on);
        let token = self.token(fd)?;
        if let Some(id @ (SocketId::Tcp(_) | SocketId::Listener(_))) = token {
            self.host.tcp_set_option(self.ctx, id, option)?;
        }
        let stream = self.stream(fd)?;
        stream.options.set(option)?;
        stream.sharing.device = on;
        let (sharing, bound) = (stream.sharing, stream.bound);
        for id in bound.into_iter().chain(token) {
            self.host.tcp.share(self.ctx.rng, id, sharing);
        }
        Ok(())
    }

    /// What holds for a stream.
    pub(super) fn told_stream(&self, fd: Fd, level: i32, name: i32) -> Result<OptionValue, Errno> {
        let End::Stream(stream) = &self.host.descriptors.get(fd)?.end else {
            return Err(Errno::ENOPROTOOPT);
        };
        if (level, name) == (IPPROTO_TCP, TCP_INFO) {
            let key = stream.phase.connection().ok_or(Errno::ENOTCONN)?;
            return Ok(OptionValue::Info(Box::new(self.host.tcp.info(key)?)));
        }
        let told = match self.token(fd)? {
            Some(id @ (SocketId::Tcp(_) | SocketId::Listener(_))) => self.host.tcp_options(id)?,
            _ => self.host.tcp_options_of(&stream.options),
        };
        self::value(level, name, &told)
    }
}
