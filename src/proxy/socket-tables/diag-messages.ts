/**
 * The messages of sock_diag(7) that ask the kernel for one TCP socket by its addresses, and its answer (Linux:
 * include/uapi/linux/inet_diag.h and netlink.h). Numbers are in the machine's byte order, addresses and ports in the network's.
 */
import { endianness } from 'node:os';
import { Memo } from '../../memo.ts';
import { addressOf } from './address-of.ts';
import type { ConnectionEnd, Row } from './connection-end.ts';

const isLittleEndian = endianness() === 'LE';

/** SOCK_DIAG_BY_FAMILY */
const byFamily = 20;
/** NLM_F_REQUEST, without NLM_F_DUMP: one socket. */
const request = 1;
/** NLMSG_ERROR */
const errorType = 2;
const enoent = 2;
const addressFamily = { ipv4: 2, ipv6: 10 } as const;
const ipProtocolTcp = 6;
const anyState = 0xffff_ffff;

/** struct nlmsghdr */
const headerBytes = 16;
/** struct inet_diag_req_v2: 8 bytes before the addresses (inet_diag_sockid) */
const requestBytes = headerBytes + 56;
const requestSockId = headerBytes + 8;
/** struct inet_diag_msg: 4 bytes before the addresses, 5 numbers after them */
const answerBytes = headerBytes + 72;
const answerSockId = headerBytes + 4;
const remotePortIn = 2;
const sourceIn = 4;
const destinationIn = 20;
const linkIn = 36;
const cookieIn = 40;
const sockIdBytes = 48;
const wqueueAt = answerSockId + sockIdBytes + 8;
const inodeAt = answerSockId + sockIdBytes + 16;

interface Asked {
  readonly bytes: readonly number[];
  /** The number of the link: a socket that is bound to a link is found by it alone. */
  readonly link: number;
}

/** `lo` is the first of each network namespace. */
const loopbackLink = 1;
const anyLink = 0;

const asked = new Memo<Asked>((host) => {
  const address = addressOf(host);
  const link = address.range() === 'loopback' ? loopbackLink : anyLink;
  return { bytes: address.toByteArray(), link };
});

/** A message that asks for the socket of this end. */
export function askFor({ local, remote }: ConnectionEnd, sequence: number): Buffer {
  const [source, destination] = [asked.of(local.host), asked.of(remote.host)];
  const bytes = Buffer.allocUnsafe(requestBytes).fill(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(0, requestBytes, isLittleEndian);
  view.setUint16(4, byFamily, isLittleEndian);
  view.setUint16(6, request, isLittleEndian);
  view.setUint32(8, sequence, isLittleEndian);
  bytes[headerBytes] = source.bytes.length === 4 ? addressFamily.ipv4 : addressFamily.ipv6;
  bytes[headerBytes + 1] = ipProtocolTcp;
  view.setUint32(headerBytes + 4, anyState, isLittleEndian);
  bytes.writeUInt16BE(local.port, requestSockId);
  bytes.writeUInt16BE(remote.port, requestSockId + remotePortIn);
  bytes.set(source.bytes, requestSockId + sourceIn);
  bytes.set(destination.bytes, requestSockId + destinationIn);
  view.setUint32(requestSockId + linkIn, source.link, isLittleEndian);
  // INET_DIAG_NOCOOKIE
  bytes.fill(0xff, requestSockId + cookieIn, requestSockId + sockIdBytes);
  return bytes;
}

/** Whether "no such socket" is the last word on this end: elsewhere than on loopback it may be bound to a link. */
export function isCertain({ local }: ConnectionEnd): boolean {
  return asked.of(local.host).link === loopbackLink;
}

/**
 * @returns the socket's row; that there is none, but a listener on that port, or not even that; `undefined` for an answer to
 * something else, and for any other error
 */
export function readAnswer(bytes: Buffer, question: Buffer): Row | 'listener' | 'none' | undefined {
  if (bytes.length < headerBytes + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = view.getUint16(4, isLittleEndian);
  if (!bytes.subarray(8, 12).equals(question.subarray(8, 12))) return undefined;
  if (type === errorType)
    return view.getInt32(headerBytes, isLittleEndian) === -enoent ? 'none' : undefined;
  if (type !== byFamily || bytes.length < answerBytes) return undefined;
  // A listener has no other end.
  if (bytes.readUInt16BE(answerSockId + remotePortIn) === 0) return 'listener';
  return {
    queuedBytes: view.getUint32(wqueueAt, isLittleEndian),
    inode: String(view.getUint32(inodeAt, isLittleEndian)),
  };
}
