"""Sends a file of lines to a local serve and reads the answer slowly, through a buffer of a few kilobytes: what is not read
yet stays in the server's socket. Prints the answer's body.

slow_reader.py PORT FILE SECONDS: nothing is read before so many seconds have gone.
"""

import socket
import sys
import time


def main():
    port, path, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    with open(path, "rb") as file:
        body = file.read()
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", port))
    head = "POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
    connection.sendall((head % len(body)).encode() + body)
    time.sleep(seconds)
    answer = b""
    wanted = None
    while wanted is None or len(answer) < wanted:
        piece = connection.recv(4096)
        if not piece:
            break
        answer += piece
        end = answer.find(b"\r\n\r\n")
        if wanted is None and end >= 0:
            length = [line.split(b":")[1] for line in answer[:end].lower().split(b"\r\n") if line.startswith(b"content-length")]
            wanted = end + 4 + int(length[0])
    sys.stdout.buffer.write(answer.partition(b"\r\n\r\n")[2])


main()
