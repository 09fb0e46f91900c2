with

proposed as (
    {{ cercle.propose_all_redirects() }}
)

select * from proposed
