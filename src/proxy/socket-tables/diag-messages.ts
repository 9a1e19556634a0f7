/**
 * The messages of sock_diag(7) that ask the kernel for one TCP socket by its addresses, and its answer (Linux:
 * include/uapi/linux/inet_diag.h and netlink.h). Numbers are in the machine's byte order, addresses and ports in the network's.
 */
import { endianness } from 'node:os';
import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../addresses.ts';
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
const cookieIn = 40;
const sockIdBytes = 48;
const wqueueAt = answerSockId + sockIdBytes + 8;
const inodeAt = answerSockId + sockIdBytes + 16;

/** A message that asks for the socket of this end; `undefined` where the addresses do not say which (link-local ones). */
export function askFor({ local, remote }: ConnectionEnd, sequence: number): Buffer | undefined {
  const source = addressBytes(local.host);
  const destination = addressBytes(remote.host);
  if (source?.length !== destination?.length) return undefined;
  if (source === undefined || destination === undefined) return undefined;
  const bytes = Buffer.alloc(requestBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(0, requestBytes, isLittleEndian);
  view.setUint16(4, byFamily, isLittleEndian);
  view.setUint16(6, request, isLittleEndian);
  view.setUint32(8, sequence, isLittleEndian);
  bytes[headerBytes] = source.length === 4 ? addressFamily.ipv4 : addressFamily.ipv6;
  bytes[headerBytes + 1] = ipProtocolTcp;
  view.setUint32(headerBytes + 4, anyState, isLittleEndian);
  bytes.writeUInt16BE(local.port, requestSockId);
  bytes.writeUInt16BE(remote.port, requestSockId + remotePortIn);
  bytes.set(source, requestSockId + sourceIn);
  bytes.set(destination, requestSockId + destinationIn);
  // INET_DIAG_NOCOOKIE
  bytes.fill(0xff, requestSockId + cookieIn, requestSockId + sockIdBytes);
  return bytes;
}

function addressBytes(host: string): readonly number[] | undefined {
  const address = ipaddr.parse(canonicalAddress(host) ?? host);
  return address.range() === 'linkLocal' ? undefined : address.toByteArray();
}

/** @returns the socket's row, or that there is none; `undefined` for an answer to something else, and for any other error */
export function readAnswer(bytes: Buffer, asked: Buffer): Row | 'none' | undefined {
  if (bytes.length < headerBytes + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = view.getUint16(4, isLittleEndian);
  if (!bytes.subarray(8, 12).equals(asked.subarray(8, 12))) return undefined;
  if (type === errorType)
    return view.getInt32(headerBytes, isLittleEndian) === -enoent ? 'none' : undefined;
  if (type !== byFamily || bytes.length < answerBytes) return undefined;
  // Where nothing is connected, the kernel answers with a listener on that port, if there is one: it has no other end.
  if (bytes.readUInt16BE(answerSockId + remotePortIn) === 0) return 'none';
  return {
    queuedBytes: view.getUint32(wqueueAt, isLittleEndian),
    inode: String(view.getUint32(inodeAt, isLittleEndian)),
  };
}
