-- What a script worker is for, in the words of whoever made it.
alter table js_worker add column description text;
