-- unguard: takes the guard against statements inside statements out of a scratch copy of the functions of one captured table: they
-- neither note that the transaction has journaled the table nor look whether it has. For the guard's own cost, and no use besides.
create function unguard(target regclass) returns void language plpgsql as $$
declare
    function  regprocedure;
    text_of   text;
    unguarded text;
begin
    for function in select p.oid from pg_proc as p
                     where p.pronamespace = 'penstock'::regnamespace
                       and p.proname ~ format('^bench_%s_(insert|update|delete)$', target::oid) loop
        text_of := pg_get_functiondef(function);
        unguarded := regexp_replace(text_of, 'set_config\(''penstock\.bench_[0-9]+'', ''1'', true\) is not null', 'true', 'g');
        unguarded := regexp_replace(unguarded, '\(current_setting\(''penstock\.bench_[0-9]+'', true\) = ''1''\) is true', 'false', 'g');
        if unguarded = text_of or unguarded ~ '''penstock\.bench_[0-9]+''' then
            raise exception 'the guard of % is not what it was', function;
        end if;
        execute unguarded;
    end loop;
end $$;
