//! The few calls of the system that the standard library has not: clock, CPU, epoll, file limit, backlog.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

pub fn now() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is ours and lives on.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

pub fn pin(cpu: usize) -> io::Result<()> {
    if cpu >= 8 * size_of::<libc::cpu_set_t>() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    // SAFETY: a zeroed set is an empty one, and it lives until the call is over.
    let code = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set)
    };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// User and system time of this process, in nanoseconds.
pub fn spent() -> (u64, u64) {
    // SAFETY: the structure is plain numbers, and it lives until the call is over.
    let used = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut used);
        used
    };
    let ns = |t: libc::timeval| t.tv_sec as u64 * 1_000_000_000 + t.tv_usec as u64 * 1_000;
    (ns(used.ru_utime), ns(used.ru_stime))
}

/// As many open files as the hard limit allows.
pub fn raise_file_limit() {
    // SAFETY: the structure is ours and lives until both calls are over.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}

/// Listens on the loopback with room for `backlog` connections that nobody has taken yet; the standard library's is 128.
pub fn listen(port: u16, backlog: i32) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    // SAFETY: the descriptor is open.
    let code = unsafe { libc::listen(listener.as_raw_fd(), backlog) };
    if code == 0 { Ok(listener) } else { Err(io::Error::last_os_error()) }
}

pub struct Poll {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Poll {
    pub fn new() -> io::Result<Self> {
        // SAFETY: the descriptor is new, and nobody else's.
        let epoll = unsafe {
            let fd = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        let none = libc::epoll_event { events: 0, u64: 0 };
        Ok(Self { epoll, events: vec![none; 1024] })
    }

    /// Edge-triggered, once for a connection's whole life; closing it ends that.
    pub fn add(&self, socket: &impl AsRawFd, token: usize) -> io::Result<()> {
        let events = (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET) as u32;
        let mut event = libc::epoll_event { events, u64: token as u64 };
        // SAFETY: both descriptors are open, and the event lives until the call is over.
        let code = unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                socket.as_raw_fd(),
                &mut event,
            )
        };
        if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Tokens of the connections with something to do, within the time.
    pub fn wait(&mut self, timeout_ms: i32, ready: &mut Vec<usize>) {
        ready.clear();
        let most = self.events.len() as i32;
        // SAFETY: the buffer holds `most` events.
        let n = unsafe {
            libc::epoll_wait(self.epoll.as_raw_fd(), self.events.as_mut_ptr(), most, timeout_ms)
        };
        ready.extend(self.events.iter().take(n.max(0) as usize).map(|event| event.u64 as usize));
    }
}
