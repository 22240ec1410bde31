-- pgq: PgQ's own trigger, written in C, and a queue.
create extension pgq;
select pgq.create_queue('bench');
