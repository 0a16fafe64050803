-- classroom_rows.sql - every row that the document of share/examples/classroom must become, written
-- down by hand; the keys come from another implementation of UUID version 5. It holds expected.sql
-- to account, which works the same rows out from the document.
INSERT INTO school.users (id, email, display_name, role) VALUES
    ('00000000-0000-4000-8000-000000000001', 'system@school.example', 'System', 'system');

INSERT INTO school.students (id, full_name, email, birth_date, joined_at, status, tags, contact,
    guardian_name, created_by) VALUES
    -- s-1
    ('2c5b9419-3c9b-5459-bfdb-b6d99adc8e0b', 'Amina Okafor', 'amina.okafor@example.org',
     '2009-04-17', '2023-09-04 08:15:00+00', 'active', '{choir,chess}',
     '{"phone": "+49 30 5550101", "guardian": {"name": "Ngozi Okafor", "relation": "mother"}}',
     'Ngozi Okafor', '00000000-0000-4000-8000-000000000001'),
    -- s-2
    ('a58fade5-55c2-5e58-9731-9c32de5d34a6', 'Bruno Lindqvist', 'bruno.lindqvist@example.org',
     '2008-12-01', '2023-09-04 08:20:30.5+00', 'active', '{}',
     '{"phone": "+46 8 5550102"}',
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-3
    ('0a991c12-a165-566e-983b-02993b3dbadc', 'Chiara D''Angelo', 'chiara.dangelo@example.org',
     '2008-11-05', '2023-09-04 08:30:00+00', 'active', '{theatre}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-4
    ('e4cda05e-51ee-547a-b0d1-66fd1d547bad', 'Daichi Mori', 'daichi.mori@example.org',
     '2009-02-28', '2023-09-04 08:00:00+00', 'paused', '{chess,"track, field"}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-5
    ('385359f9-d42d-5394-92e4-141a85fff0b0', 'Eva Novak', 'eva.novak@example.org',
     '2008-02-29', '2023-09-04 08:15:00.25+00', 'active', '{}',
     '{"phone": "+420 5550105", "guardian": {"name": "Petr Novak", "relation": "father"}}',
     'Petr Novak', '00000000-0000-4000-8000-000000000001'),
    -- s-6
    ('7209ed9a-c844-55f5-a2e6-af0ff03f2f87', 'Farid Haddad', 'farid.haddad@example.org',
     '2007-07-30', '2022-08-29 07:00:00+00', 'left', '{robotics}',
     '{"phone": "+961 5550106", "guardian": {"name": null}}',
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-7
    ('9d9fe117-88da-55a4-9ac9-399d9a5d9576', 'Grete Müller-Łukasz', 'grete.mueller@example.org',
     '2009-01-09', '2023-09-05 08:00:00+00', 'active', ARRAY['say "hi"', 'back\slash', 'ünïcode ☂'],
     '{"note": "line one\nline two"}',
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-8
    ('084822e9-0e55-53bf-87e7-a26e667aebee', 'Hana Sato', 'hana.sato@example.org',
     '2008-06-15', '2023-09-05 08:05:00+00', 'active', '{choir}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-9
    ('69794d59-e8aa-576d-9fb3-57bf5c5a46b8', 'Ivan Petrov', 'ivan.petrov@example.org',
     '2009-03-14', '2023-09-05 08:10:00+00', 'active', ARRAY['NULL', ''],
     '{}',
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-10
    ('53afc72f-c811-51e4-8861-b43a7202738c', 'Jana Berg', 'jana.berg+school@mail.example.org',
     '2008-10-21', '2023-09-05 08:30:00+00', 'active', '{track}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-15
    ('ae35d659-ed90-53c1-be90-b48dd5af250c', 'Oskar Lund', 'oskar.lund@example.org',
     '2008-01-31', '2023-09-05 08:40:00+00', 'active', '{chess}',
     '{"phone": "+45 5550115"}',
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-16
    ('357b321b-ad79-58c7-bb6d-a243b347ae49', 'Priya Nair', 'priya.nair@example.org',
     '2008-12-31', '2023-09-06 08:00:00+00', 'active', '{robotics,choir}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-17
    ('7c0238f5-10d4-5288-a6fd-b4b5023d54bf', 'Quentin Dubois', 'quentin.dubois@example.org',
     '2009-05-05', '2023-09-06 08:05:00+00', 'active', '{}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-18
    ('244985d9-6bc4-53e7-b824-f18a489e01ad', 'Rosa Marín', 'rosa.marin@example.org',
     '2008-09-12', '2023-09-06 08:10:00+00', 'paused', '{theatre}',
     '{"phone": "+34 5550118", "guardian": {"name": "Luis Marín", "relation": "grandfather"}}',
     'Luis Marín', '00000000-0000-4000-8000-000000000001'),
    -- s-19
    ('1ecb8ebb-145c-5dd8-91ed-acd6229c10bd', 'Sami Korhonen', 'sami.korhonen@example.org',
     '2009-11-23', '2023-09-06 08:20:00+00', 'active', '{"ice hockey"}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-20
    ('44b625f1-fad4-52c5-b58a-ea1e7a39d73f', 'Tamar Gelashvili', 'tamar.gelashvili@example.org',
     '2008-04-04', '2023-09-06 08:25:00+00', 'active', '{}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-22
    ('818aa82f-3f52-587a-a8aa-934458d97fa3', 'Lena Fischer', 'lena.fischer@example.org',
     '2009-02-28', '2023-09-06 08:35:00+00', 'active', '{chess}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-23
    ('08e731fe-1d87-5093-bfe6-5f7e532e2cc2', 'Uma Iyer', 'uma.iyer@example.org',
     '2008-11-11', '2023-09-06 08:40:00+00', 'active', '{}',
     NULL,
     NULL, '00000000-0000-4000-8000-000000000001'),
    -- s-24
    ('41969190-d0bd-5204-9a47-6a31e0a9a8a4', 'Viktor Horvath', 'viktor.horvath@example.org',
     '2009-06-18', '2024-01-08 08:00:00+00', 'active', '{track,chess}',
     '{"phone": "+36 5550124", "allergies": ["nuts", "pollen"]}',
     NULL, '00000000-0000-4000-8000-000000000001');

INSERT INTO school.classes (id, title, capacity, fee, starts_on, created_by) VALUES
    -- c-1
    ('5fa25a9a-d1f4-508b-a155-5b45cbe6daf1', 'Mathematics 9a', 24, 120.50, '2023-09-11',
     '00000000-0000-4000-8000-000000000001'),
    -- c-2
    ('a65b9e5f-48d8-5db7-b45a-a7b37831cc28', 'Chess club', 12, 0.00, '2023-09-18',
     '00000000-0000-4000-8000-000000000001'),
    -- c-3
    ('8947fe64-178e-5eea-9c65-5209aa30546a', 'Théâtre & Stage', 18, 75.00, '2023-10-02',
     '00000000-0000-4000-8000-000000000001'),
    -- c-4
    ('8ccd42e2-d1a1-59e4-b1c0-5522df81dcc2', 'Physics 10b', 20, 110.00, '2023-09-11',
     '00000000-0000-4000-8000-000000000001'),
    -- c-8
    ('2bd24dc1-7bd0-5622-b162-863929d90669', 'Ice hockey', 22, 200.10, '2023-11-06',
     '00000000-0000-4000-8000-000000000001'),
    -- c-9
    ('f3d30e37-c5e7-56fa-8dba-033aef9af952', 'Reading circle', 8, 15.25, '2024-01-15',
     '00000000-0000-4000-8000-000000000001'),
    -- c-10
    ('12a61892-cd0c-5d4a-ab39-4320e678c596', 'Track and field', 30, 35.00, '2024-03-04',
     '00000000-0000-4000-8000-000000000001');

INSERT INTO school.schedules (id, class_id, weekday, starts_at, ends_at, room) VALUES
    -- c-1
    ('65576895-0812-522c-9ac5-513c8228745c', '5fa25a9a-d1f4-508b-a155-5b45cbe6daf1',
     'mon', '09:00', '10:30', 'A101'),
    -- c-1
    ('250eaa33-3b76-5b2b-9e36-7660718383e5', '5fa25a9a-d1f4-508b-a155-5b45cbe6daf1',
     'thu', '09:00', '10:30', 'A101'),
    -- c-2
    ('4e65abd7-2498-5273-9fbf-1e7e7c29b9c2', 'a65b9e5f-48d8-5db7-b45a-a7b37831cc28',
     'fri', '15:00', '16:30', 'B7'),
    -- c-3
    ('e51e2def-eff4-53fc-b4de-c47e03fd82a7', '8947fe64-178e-5eea-9c65-5209aa30546a',
     'tue', '16:00', '18:00', 'Aula'),
    -- c-3
    ('83ff21d5-6947-5461-8bb3-4859a8314d49', '8947fe64-178e-5eea-9c65-5209aa30546a',
     'sat', '10:00', '13:00', NULL),
    -- c-4
    ('7c5151d8-c67b-5e66-a20c-9e334325c209', '8ccd42e2-d1a1-59e4-b1c0-5522df81dcc2',
     'wed', '08:00', '09:30', 'L2'),
    -- c-8
    ('73606153-f7a7-5bdb-8985-23eba6264acd', '2bd24dc1-7bd0-5622-b162-863929d90669',
     'sun', '07:30', '09:00', 'Rink'),
    -- c-10
    ('e006b18a-6eee-5e6e-a141-c6c11538b9a0', '12a61892-cd0c-5d4a-ab39-4320e678c596',
     'tue', '15:30', '17:00', 'Stadium'),
    -- c-10
    ('9e38ad26-acad-5e34-984e-06f08eb728ed', '12a61892-cd0c-5d4a-ab39-4320e678c596',
     'fri', '15:30', '17:00', 'Stadium');

INSERT INTO school.enrollments (class_id, student_id, seat) VALUES
    -- c-1, s-1
    ('5fa25a9a-d1f4-508b-a155-5b45cbe6daf1', '2c5b9419-3c9b-5459-bfdb-b6d99adc8e0b', 1),
    -- c-1, s-2
    ('5fa25a9a-d1f4-508b-a155-5b45cbe6daf1', 'a58fade5-55c2-5e58-9731-9c32de5d34a6', 2),
    -- c-1, s-3
    ('5fa25a9a-d1f4-508b-a155-5b45cbe6daf1', '0a991c12-a165-566e-983b-02993b3dbadc', 3),
    -- c-1, s-4
    ('5fa25a9a-d1f4-508b-a155-5b45cbe6daf1', 'e4cda05e-51ee-547a-b0d1-66fd1d547bad', 4),
    -- c-1, s-5
    ('5fa25a9a-d1f4-508b-a155-5b45cbe6daf1', '385359f9-d42d-5394-92e4-141a85fff0b0', 5),
    -- c-2, s-1
    ('a65b9e5f-48d8-5db7-b45a-a7b37831cc28', '2c5b9419-3c9b-5459-bfdb-b6d99adc8e0b', 1),
    -- c-2, s-4
    ('a65b9e5f-48d8-5db7-b45a-a7b37831cc28', 'e4cda05e-51ee-547a-b0d1-66fd1d547bad', 2),
    -- c-2, s-15
    ('a65b9e5f-48d8-5db7-b45a-a7b37831cc28', 'ae35d659-ed90-53c1-be90-b48dd5af250c', 3),
    -- c-2, s-22
    ('a65b9e5f-48d8-5db7-b45a-a7b37831cc28', '818aa82f-3f52-587a-a8aa-934458d97fa3', 4),
    -- c-2, s-24
    ('a65b9e5f-48d8-5db7-b45a-a7b37831cc28', '41969190-d0bd-5204-9a47-6a31e0a9a8a4', 5),
    -- c-3, s-3
    ('8947fe64-178e-5eea-9c65-5209aa30546a', '0a991c12-a165-566e-983b-02993b3dbadc', 1),
    -- c-3, s-17
    ('8947fe64-178e-5eea-9c65-5209aa30546a', '7c0238f5-10d4-5288-a6fd-b4b5023d54bf', 2),
    -- c-3, s-18
    ('8947fe64-178e-5eea-9c65-5209aa30546a', '244985d9-6bc4-53e7-b824-f18a489e01ad', 3),
    -- c-10, s-10
    ('12a61892-cd0c-5d4a-ab39-4320e678c596', '53afc72f-c811-51e4-8861-b43a7202738c', 1),
    -- c-10, s-24
    ('12a61892-cd0c-5d4a-ab39-4320e678c596', '41969190-d0bd-5204-9a47-6a31e0a9a8a4', 2),
    -- c-10, s-23
    ('12a61892-cd0c-5d4a-ab39-4320e678c596', '08e731fe-1d87-5093-bfe6-5f7e532e2cc2', 3);

INSERT INTO school.tests (id, class_id, title, held_at, max_points, weights, topics) VALUES
    -- t-1
    ('a69b7e6b-2134-51ee-a6f4-66b663d9b8c0', '5fa25a9a-d1f4-508b-a155-5b45cbe6daf1', 'Fractions',
     '2023-10-06 09:00:00+00', 50.0, '{"written": 0.7, "oral": 0.3}', '{fractions,ratios}'),
    -- t-2
    ('0a356ce9-bb9c-58de-860c-682927b9cc28', '5fa25a9a-d1f4-508b-a155-5b45cbe6daf1', 'Linear equations',
     '2023-12-07 09:00:00+00', 62.5, '{"written": 1}', '{equations}'),
    -- t-3
    ('398e6159-4e16-566d-80fa-6ef42ccab7c3', 'a65b9e5f-48d8-5db7-b45a-a7b37831cc28', 'Winter tournament',
     '2023-12-15 14:00:00+00', 11.0, '{}', '{}'),
    -- t-4
    ('3dcdf701-36ed-5d42-8175-18ee0acb1fbc', '8947fe64-178e-5eea-9c65-5209aa30546a', 'Monologue, "Hamlet"',
     '2024-02-20 16:00:00+00', 15.0, '{"voice": 0.5, "text": 0.5}', '{voice,text}'),
    -- t-5
    ('40e1f47c-93cf-5d76-95fe-d4cff5c4aaf8', '8ccd42e2-d1a1-59e4-b1c0-5522df81dcc2', 'Levers',
     '2023-11-22 08:00:00+00', 40.0, '{"written": 0.8, "lab": 0.2}', '{statics}'),
    -- t-11
    ('9cbb5b10-53fa-5075-a483-8624e422a697', '12a61892-cd0c-5d4a-ab39-4320e678c596', 'Long jump',
     '2024-04-19 15:30:00+00', 25.0, '{}', '{jump}'),
    -- t-13
    ('b41efbb0-6ff5-5023-9c70-a8d74abf624c', 'f3d30e37-c5e7-56fa-8dba-033aef9af952', 'Poem by heart',
     '2024-03-21 10:00:00+00', 12.5, '{}', '{poetry}');
