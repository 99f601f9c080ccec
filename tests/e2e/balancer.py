"""A load balancer before the masters, which remembers every request that passed through it."""
import re
import select
import socket
import ssl
import threading

REQUEST = re.compile(rb"(?:^|\n)([A-Z]+) (/\S*) HTTP/1\.1\r\n")


class Balancer:
    """Accepts with a master's certificate, so that clients need to know nothing; connects to `master`, or
    to the next one that answers. A connection that a master breaks is broken for its client too."""

    def __init__(self, cluster, master):
        self.cluster, self.master = cluster, master
        self.requests = []  # (method, path with its query)
        self.serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.serving.load_cert_chain(cluster.dir / "pki/m1.crt", cluster.dir / "pki/m1.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        """Wakes whoever waits on a socket; each thread closes its own."""
        for end in [self.listener, *self.connections]:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()

    def kubeconfig(self):
        """A copy of the cluster's that comes through here, whichever context is taken."""
        text = re.sub(r"https://127\.0\.0\.1:\d+", f"https://127.0.0.1:{self.port}",
                      self.cluster.kubeconfig.read_text())
        path = self.cluster.dir / f"kubeconfig-{self.port}"
        path.write_text(text)
        return path

    def lists(self, resource):
        """The queries of lists of a resource, in order."""
        return [path for path in self.paths(resource) if "watch=" not in path]

    def watches(self, resource):
        return [path for path in self.paths(resource) if "watch=" in path]

    def paths(self, resource):
        return [p for _, p in self.requests if p.split("?")[0].endswith("/" + resource)]

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def upstream(self):
        for k in range(self.cluster.masters):
            master = (self.master - 1 + k) % self.cluster.masters + 1
            try:
                raw = socket.create_connection(("127.0.0.1", self.cluster.port + master - 1), 2)
                connection = self.cluster.tls().wrap_socket(raw, server_hostname="127.0.0.1")
                self.master = master
                return connection
            except OSError:
                continue
        raise OSError("no master answers")

    def serve(self, raw):
        try:
            with self.serving.wrap_socket(raw, server_side=True) as client, self.upstream() as server:
                self.connections += [client, server]
                self.pass_on(client, server)
        except OSError:
            raw.close()

    def pass_on(self, client, server):
        """Until either end is closed."""
        other = {client: server, server: client}
        while True:
            ready = [s for s in other if s.pending()] or select.select(list(other), [], [], 60)[0]
            for source in ready:
                piece = source.recv(65536)
                if not piece:
                    return
                if source is client:
                    self.requests += [(method.decode(), path.decode())
                                      for method, path in REQUEST.findall(piece)]
                other[source].sendall(piece)
