with

proposed as (
    {{ cercle.propose_all_changes(ref('int_id_redirects_proposed')) }}
)

select * from proposed
